import { rule } from '../rule.ts';
import { startOf } from '../support/statements/places.ts';

export default rule({
  id: 'history/open-pull-request',
  severity: { recommended: 'warning', strict: 'warning' },
  evidence: ['static'],
  summary: 'another open pull request uses the version, or a newer one',
  why: 'Each of the two pull requests is fine by itself. When both are merged, one version stands twice, or the older one is refused as out of order.',
  remedy: 'Agree who merges first; the other renames the file.',
  since: '0.1.0',
  sources: ['https://supabase.com/docs/guides/deployment/database-migrations'],
  fixable: false,
  file({ facts, changed, report }) {
    if (changed.change === 'edited' || facts.history.all) return;
    const { migration } = changed;
    const others = facts.history.openPullRequests.filter(({ path }) => path !== migration.path);
    const same = others.find(({ version }) => version === migration.version);
    if (same !== undefined) {
      report({
        message: `Pull request ${same.where} adds "${same.path}" with the same version ${migration.version}. Once both are merged, one of the two fails with 23505 or never runs. Rename one of them.`,
        at: startOf(migration.path),
        object: migration.path,
        key: 'same',
      });
      return;
    }
    const newer = others.find(({ version }) => version > migration.version);
    if (newer === undefined) return;
    report({
      message: `Pull request ${newer.where} adds "${newer.path}", which is newer than "${migration.fileName}". If it is merged first, this file is out of order. Merge this one first, or rename it then.`,
      at: startOf(migration.path),
      object: migration.path,
      key: 'newer',
      severity: 'info',
    });
  },
});
