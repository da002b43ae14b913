import { rule } from '../rule.ts';
import { homeOfTable } from '../support/leaks/access-places.ts';
import { isRecursing } from '../support/leaks/recursing.ts';
import { listed } from '../support/words/words.ts';

export default rule({
  id: 'access/unproven',
  severity: { recommended: 'info', strict: 'info' },
  evidence: ['probe'],
  summary: 'access that could not be probed, and why',
  why: 'The probes say what they saw. Where no fitting row could be made, a trigger refused it, or an extension is missing, they say that they do not know, and that never counts as a pass.',
  remedy:
    'Try it by hand, or help the probes: seed rows in `supabase/seed.sql`, a baseline, the server engine.',
  since: '0.1.0',
  sources: [],
  fixable: false,
  facts({ facts, report, preexisting }) {
    if (facts.access === null) return;
    const touched = new Set(facts.changeSets.flatMap((set) => [...set.touched]));
    for (const object of facts.access.head.objects) {
      const open = object.cells.filter(({ outcome }) => outcome === 'unknown');
      if (open.length === 0 || isRecursing(object.object, facts)) continue;
      const reasons = [...new Set(open.map(({ reason }) => reason ?? 'no reason was given'))].slice(0, 2);
      const commands = [...new Set(open.map(({ command }) => command.toUpperCase()))];
      const kind = object.kind === 'function' ? 'routine' : object.kind;
      const tell = touched.has(`${kind} ${object.object}`) ? report : preexisting;
      tell({
        message: `${listed(commands)} on "${object.object}" could not be probed: ${reasons.join('; ')}. What the API lets through there is not known. Try it by hand.`,
        at: homeOfTable(facts, object.object, open[0]!.command),
        object: object.object,
      });
    }
  },
});
