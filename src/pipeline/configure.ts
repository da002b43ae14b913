/** Which configuration holds for a project. */
import type { DiscoveredProject } from '../changes/discover.ts';
import { configName, type ProjectSettings, readConfigFile, toSettings } from '../config/load.ts';
import { rules } from '../rules/index.ts';
import type { CheckSettings } from './settings.ts';

/** Throws UsageError where the file is wrong: nothing is checked by a configuration nobody meant. */
export async function configure(found: DiscoveredProject, settings: CheckSettings): Promise<ProjectSettings> {
  const fromBase = settings.configFromBase && settings.configFile === null && found.baseConfig !== undefined;
  const file = fromBase
    ? found.baseConfig === null || found.baseConfig === undefined
      ? null
      : { name: `${configName} (of the base)`, text: found.baseConfig }
    : await readConfigFile(found.root, settings.configFile);
  if (file === null) return toSettings(null, settings.overrides, rules);
  const { parseConfig } = await import('../config/file.ts');
  const config = parseConfig(file.name, file.text);
  return toSettings({ name: file.name, config }, settings.overrides, rules);
}
