const NOTHING = "–";
const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Return a readable size of bytes, such as 1.2 GB. */
export function sizeText(bytes: number | null | undefined): string {
  if (bytes == null) return NOTHING;
  let size = bytes;
  let unit = 0;
  // 999.95 would be rounded to 1000.0.
  while (size >= 999.95 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return unit ? `${size.toFixed(1)} ${UNITS[unit]}` : `${bytes} B`;
}

/** Return a readable duration of seconds: 4.2 s, 3 min 5 s, 2 h 10 min. */
export function durationText(seconds: number | null | undefined): string {
  if (seconds == null) return NOTHING;
  if (Math.round(seconds * 10) < 600) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Return how long ago the moment was, such as 3 min ago, or in how long it will be. */
export function agoText(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (seconds < -1) return `in ${ageText(-seconds)}`;
  return seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s ago` : `${ageText(seconds)} ago`;
}

/** Return how long something took between two moments, in seconds; null while one of them is not there. */
export function secondsBetween(from: string | null | undefined, to: string | null | undefined): number | null {
  return from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;
}

/** Return a word of the API as people read it. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

function ageText(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} d`;
  if (seconds >= 2 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 60)} min`;
}
