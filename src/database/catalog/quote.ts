/** A string as an SQL literal. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** A body between dollar quotes that it does not hold itself. */
export function dollarQuote(text: string): string {
  let tag = '$$';
  for (let i = 0; text.includes(tag); i += 1) tag = `$rollback${i || ''}$`;
  return `${tag}${text}${tag}`;
}
