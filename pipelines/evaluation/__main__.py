from pipelines.openmp import wait_politely

if __name__ == "__main__":
    wait_politely()  # before torch is imported
    from pipelines.evaluation.command import main

    main()
