/** What holds where neither a flag nor the configuration file says anything. The file's schema takes its defaults here. */

export const defaults = {
  preset: 'recommended' as const,
  'fail-on': 'error' as const,
  require: [],
  rules: {},
  paths: [],
  objects: [],
  baseline: null,
  'grants-era': 'auto' as const,
  access: {},
  rollback: { folders: ['rollback', 'rollbacks', 'down'], prove: true },
  engine: {
    kind: 'embedded' as const,
    'statement-limit': 20,
    probes: true,
    rows: true,
    tests: true,
    'allow-used-server': false,
  },
};
