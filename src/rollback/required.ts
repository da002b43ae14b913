/** NOT NULL for a column that comes back without its values. */
import { dollarQuote, literal } from '../database/catalog/quote.ts';

export const required = (table: string, column: string) =>
  `ALTER TABLE ${table} ALTER COLUMN ${column} SET NOT NULL`;

/** Only where no row stands in the way: a way back that stops half way helps nobody. */
export function requiredOnceFilled(table: string, column: string): string {
  const body = [
    'BEGIN',
    `  IF EXISTS (SELECT FROM ${table} WHERE ${column} IS NULL) THEN`,
    `    RAISE WARNING '%', ${literal(`${table}.${column} stays nullable: rows hold no value for it`)};`,
    '  ELSE',
    `    ${required(table, column)};`,
    '  END IF;',
    'END',
  ].join('\n');
  return `DO ${dollarQuote(`\n${body}\n`)}`;
}
