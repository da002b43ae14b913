import type { AccessMatrix } from '../../src/model/access.ts';
import type { Memory } from '../../src/probes/memory.ts';
import { answer, expectationsOf, openStage, readStory, type Stage, storyNames } from './story.ts';

/** Tells the stories whose names are wanted; two test files share them, so that two cores do. */
export function tellStories(wanted: (name: string) => boolean): void {
  // GUARD_STORY=team tells those that begin so.
  const only = process.env.GUARD_STORY ?? '';
  const names = storyNames().filter((name) => wanted(name) && name.startsWith(only));
  if (names.length === 0) {
    test.skip('no story', () => undefined);
    return;
  }
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  describe.each(names)('%s', (name) => {
    const story = readStory(name);
    let first: AccessMatrix | null = null;
    // As in a check: what the step before showed of a table stands where nothing changed for it.
    const memory: Memory = new Map();
    afterAll(async () => {
      await stage.clear();
    });

    const check = async (sql: string, expected: readonly string[]) => {
      await stage.apply(sql);
      const matrix = await stage.probe(story.options, first, memory);
      first ??= matrix;
      expect(expected.map((line) => answer(matrix, line))).toEqual(expected);
    };

    test('is right at first', () => check(story.schema, expectationsOf(story.schema)));
    if (story.mistake !== null) {
      test('shows the mistake', () => check(story.mistake!, expectationsOf(story.mistake!)));
    }
    if (story.mend !== null) {
      test('is right again once mended', () => check(story.mend!, expectationsOf(story.schema)));
    }
  });
}
