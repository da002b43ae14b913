import type { AccessMatrix } from '../../src/model/access.ts';
import { answer, expectationsOf, openStage, readStory, type Stage, storyNames } from './story.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
});

// GUARD_STORY=name runs one story alone.
const only = process.env.GUARD_STORY;

describe.each(storyNames().filter((name) => only === undefined || name.startsWith(only)))('%s', (name) => {
  const story = readStory(name);
  afterAll(async () => {
    await stage.clear();
  });

  let first: AccessMatrix | null = null;
  const check = async (expected: readonly string[]) => {
    const matrix = await stage.probe(story.options, first);
    first ??= matrix;
    expect(expected.map((line) => answer(matrix, line))).toEqual(expected);
  };

  test('is right at first', async () => {
    await stage.apply(story.schema);
    await check(expectationsOf(story.schema));
  });

  if (story.mistake !== null) {
    test('shows the mistake', async () => {
      await stage.apply(story.mistake!);
      await check(expectationsOf(story.mistake!));
    });
  }

  if (story.mend !== null) {
    test('is right again once mended', async () => {
      await stage.apply(story.mend!);
      await check(expectationsOf(story.schema));
    });
  }
});
