import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { Command } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { appendFix, isRevoke } from '../support/statements/sites.ts';
import { sqlFence, upper } from '../support/words/words.ts';

export default rule({
  id: 'access/service-role-blocked',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['probe'],
  summary: 'seen: service_role, the server’s own role, is refused',
  why: 'service_role bypasses row level security, and not grants. Since 30 October 2026 new tables in public are granted to nobody, so the server’s key gets "permission denied for table" (42501) until a migration grants it.',
  remedy:
    'Grant what the server does.\n\n```sql\ngrant select, insert, update, delete on public.note to service_role;\n```',
  since: '0.1.0',
  sources: ['https://github.com/orgs/supabase/discussions/45329'],
  fixable: true,
  refusal: true,
  facts({ facts, report, preexisting }) {
    for (const object of facts.access?.head.objects ?? []) {
      const denied = deniedTo(object);
      if (denied.length === 0) continue;
      const before = facts.access!.base?.objects.find((each) => each.object === object.object);
      const was = before === undefined ? [] : deniedTo(before);
      const commands = [...new Set(denied.map(({ command }) => command))] as Command[];
      const old =
        before !== undefined && commands.every((command) => was.some((cell) => cell.command === command));
      const allowedBefore =
        before !== undefined && commands.some((command) => !was.some((cell) => cell.command === command));
      const sql = `grant ${commands.join(', ')} on ${object.object} to service_role;`;
      const at = homeOfTable(facts, object.object, commands[0]!);
      const tell = old ? preexisting : report;
      const set = facts.changeSets.at(-1);
      tell({
        message: `"service_role" is refused ${upper(commands)} on "${object.object}". The role bypasses policies, not grants, so the server's own requests fail with 42501. Grant it.`,
        at,
        object: object.object,
        severity: allowedBefore ? 'error' : undefined,
        causes: ['grants/missing'],
        help: sqlFence(sql),
        repro: reproOf(denied.flatMap(({ proof }) => proof)),
        fix: set === undefined ? undefined : appendFix(set, at, 'Grant it to service_role', sql, isRevoke),
      });
    }
  },
});

const deniedTo = (object: ObjectAccess): AccessCell[] =>
  object.kind === 'table'
    ? object.cells.filter(
        ({ principal, outcome }) => principal === 'service_role' && outcome === 'no-permission',
      )
    : [];
