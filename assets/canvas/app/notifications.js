// The browser's own notifications, for who looks at something else while a run lasts.

const there = () => "Notification" in window;

/** Whether the user can still be asked for leave to tell. */
export const askable = () => there() && Notification.permission === "default";

export async function ask() {
  if (askable()) await Notification.requestPermission();
}

export function tell(title, body) {
  if (there() && Notification.permission === "granted") new Notification(title, { body, tag: "palimpsest" });
}
