import type { AccessCell, ObjectAccess } from '../../model/access.ts';
import type { Command } from '../../model/schema.ts';
import { rule } from '../rule.ts';
import { appliesTo, covers } from '../support/callers/roles.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { reproOf } from '../support/leaks/repro.ts';
import { upper } from '../support/words/words.ts';

export default rule({
  id: 'access/returning-denied',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['probe'],
  summary: 'seen: a write works, and asking for its row back does not',
  why: 'supabase-js sends return=representation as soon as .select() follows an insert or update. RETURNING needs a SELECT policy that the new row passes: without one the whole statement fails with 42501, and the row is not written.',
  remedy: 'Add a SELECT policy for the writer, or leave out .select() in the client.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/reference/javascript/insert'],
  fixable: false,
  refusal: true,
  facts({ facts, report, preexisting }) {
    for (const object of facts.access?.head.objects ?? []) {
      const denied = withoutReturn(object);
      if (denied.length === 0) continue;
      const commands = [...new Set(denied.map(({ command }) => command))] as Command[];
      const before = facts.access!.base?.objects.find((each) => each.object === object.object);
      const was = before === undefined ? [] : withoutReturn(before);
      const worked =
        before?.cells.some(
          (cell) =>
            cell.principal === 'user' &&
            cell.subject === 'own' &&
            cell.outcome === 'allowed' &&
            cell.representation &&
            commands.includes(cell.command as Command),
        ) === true;
      const hides = facts.head.tables
        .get(object.object)
        ?.policies.some(
          (policy) => policy.permissive && covers(policy, 'select') && appliesTo(policy, 'authenticated'),
        );
      const tell = commands.every((command) => was.some((cell) => cell.command === command))
        ? preexisting
        : report;
      tell({
        message: `${upper(commands)} of own rows in "${object.object}" works, and RETURNING of the row does not. A client that asks for the row back (".select()") gets 42501, and nothing is written. Add a SELECT policy that the new row passes.`,
        at: homeOfTable(facts, object.object, commands[0]!),
        object: object.object,
        key: commands.join(' '),
        severity: worked || hides ? 'warning' : undefined,
        repro: reproOf(denied.flatMap(({ proof }) => proof)),
      });
    }
  },
});

const withoutReturn = (object: ObjectAccess): AccessCell[] =>
  object.cells.filter(
    ({ principal, command, subject, outcome, representation }) =>
      principal === 'user' &&
      (command === 'insert' || command === 'update') &&
      subject === 'own' &&
      outcome === 'allowed' &&
      !representation,
  );
