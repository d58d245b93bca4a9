// Sends a file and tells how much of it has arrived, which `fetch` does not.

/**
 * POSTs a body. Returns its Response; rejects like `fetch`, with an AbortError when `signal` aborts.
 *
 * sent(bytes, total): how much has left, `total` for all of it: from then on the server works on it.
 */
export function upload(url, body, { sent, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const fail = () => reject(new TypeError("The server does not answer."));
    const cancelled = () => reject(new DOMException("The request was cancelled.", "AbortError"));
    request.open("POST", url);
    request.responseType = "blob";
    request.upload.onprogress = ({ loaded, total }) => sent(loaded, total);
    request.upload.onload = ({ loaded }) => sent(loaded, loaded);
    request.onload = () => {
      const { status, statusText } = request;
      const headers = request.getAllResponseHeaders().trim().split(/\r?\n/).map((line) => line.split(/: (.*)/s).slice(0, 2));
      resolve(new Response(request.response, { status, statusText, headers: headers.filter(([name]) => name) }));
    };
    request.onerror = request.ontimeout = fail;
    request.onabort = cancelled;
    request.onloadend = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) return cancelled();
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}
