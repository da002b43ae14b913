/** A migration's version as the moment it was made: 14 digits, as the Supabase CLI writes them. */

/** Milliseconds of a version that is a real date and time, else null. */
export function timeOf(version: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(version);
  if (match === null) return null;
  const [year, month, ...rest] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = Date.UTC(year, month - 1, ...rest);
  // Date.UTC rolls over: the 31st of February is in March.
  return formatVersion(time) === version ? time : null;
}

export const formatVersion = (time: number): string =>
  new Date(time).toISOString().replace(/[-:T]/g, '').slice(0, 14);
