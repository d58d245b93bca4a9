from pipelines.openmp import wait_politely

if __name__ == "__main__":
    wait_politely()  # before torch is imported
    from pipelines.training.command import main

    main()
