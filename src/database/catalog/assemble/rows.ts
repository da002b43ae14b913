/** Rows that are schema in all but name: queues, buckets, cron jobs. */
import { dollarQuote, literal } from '../quote.ts';
import type { Assembly } from './assembly.ts';

/** Of pgmq: before the tables, which are their parts. */
export function queues({ rows, add }: Assembly): void {
  for (const { name, partitioned, unlogged } of rows.queues) {
    add({
      kind: 'queue',
      identity: name,
      definition:
        [partitioned && 'partitioned', unlogged && 'unlogged'].filter(Boolean).join(', ') || 'queue',
      create: [
        `SELECT pgmq.create${unlogged ? '_unlogged' : partitioned ? '_partitioned' : ''}(${literal(name)})`,
      ],
      drop: [`SELECT pgmq.drop_queue(${literal(name)})`],
    });
  }
}

/** Of Storage. */
export function buckets({ rows, add }: Assembly): void {
  for (const { row } of rows.buckets) {
    const given = Object.entries(row as Record<string, unknown>).filter(([, value]) => value !== null);
    add({
      kind: 'bucket',
      identity: row.id,
      definition: given.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', '),
      properties: row,
      create: [
        `INSERT INTO storage.buckets (${given.map(([key]) => key).join(', ')}) VALUES (${given
          .map(([, value]) => valueLiteral(value))
          .join(', ')})`,
      ],
      // Storage's own trigger refuses a DELETE that does not say it means it.
      drop: [
        `DO ${dollarQuote(
          `begin\n  perform set_config('storage.allow_delete_query', 'true', true);\n  delete from storage.buckets where id = ${literal(row.id)};\nend`,
        )}`,
      ],
    });
  }
}

/** Of pg_cron. */
export function cronJobs({ rows, add }: Assembly): void {
  for (const { jobid, name, schedule, command, database, username, active } of rows.cronJobs) {
    add({
      kind: 'cron job',
      identity: name ?? command,
      definition: `${schedule} ${command}${active ? '' : ' (inactive)'}`,
      properties: { name, schedule, command, active, username, here: database },
      create: [
        `SELECT cron.schedule(${[...(name === null ? [] : [name]), schedule, command].map(literal).join(', ')})`,
        ...(active || name === null
          ? []
          : [
              `SELECT cron.alter_job(job_id => (SELECT jobid FROM cron.job WHERE jobname = ${literal(name)}), active => false)`,
            ]),
      ],
      drop: [
        name === null
          ? `SELECT cron.unschedule(jobid) FROM cron.job WHERE command = ${literal(command)}`
          : `SELECT cron.unschedule(${literal(name)})`,
      ],
      address: `cron.job ${jobid} 0`,
    });
  }
}

function valueLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const elements = value.map(
      (element) => `"${String(element).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    );
    return literal(`{${elements.join(',')}}`);
  }
  return literal(typeof value === 'string' ? value : JSON.stringify(value));
}
