// One object store in a database of its own, which the browser keeps over reloads and restarts.

export class ObjectStore {
  /** name: of the database. store: of what is in it. setUp(database): creates the store, in a browser that has none yet. */
  constructor(name, store, setUp) {
    Object.assign(this, { name, store, setUp });
    this.connection = null;
  }

  #open() {
    this.connection ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => this.setUp(request.result);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return this.connection;
  }

  /** Runs `work(store)` in a transaction of its own. Returns the result of its request once all is on disk. */
  async transact(mode, work) {
    const transaction = (await this.#open()).transaction(this.store, mode);
    const request = work(transaction.objectStore(this.store));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }
}
