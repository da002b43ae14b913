/** Extensions that SQL names, before an engine is opened with them. */
const creates =
  /\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?:"([^"]+)"|([\w-]+))(?:\s+with)?(?:\s+schema\s+(?:"([^"]+)"|(\w+)))?/gi;

export interface NamedExtension {
  readonly name: string;
  readonly schema: string | null;
}

/** CREATE EXTENSION anywhere in a text, in DO blocks and comments too: too many do no harm. */
export function extensionsIn(text: string): readonly NamedExtension[] {
  return [...text.matchAll(creates)].map(([, quoted, plain, quotedSchema, plainSchema]) => ({
    name: quoted ?? plain!.toLowerCase(),
    schema: quotedSchema ?? plainSchema?.toLowerCase() ?? null,
  }));
}
