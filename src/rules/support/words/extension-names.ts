/** Names that well-known extensions bring along, and where files write them with "public". */
import type { Facts } from '../../../model/facts.ts';
import type { Place } from '../../../model/finding.ts';

const names: Readonly<Record<string, string>> = {
  vector:
    'vector|halfvec|sparsevec|(?:vector|halfvec|sparsevec)_\\w+_ops|cosine_distance|l2_distance|inner_product',
  pg_trgm: 'similarity|word_similarity|strict_word_similarity|show_trgm|gin_trgm_ops|gist_trgm_ops',
  citext: 'citext',
  hstore: 'hstore',
  ltree: 'ltree|lquery|ltxtquery',
  cube: 'cube',
  earthdistance: 'earth|earth_distance|ll_to_earth|earth_box',
  postgis: 'geometry|geography|box2d|box3d|st_\\w+|spatial_ref_sys',
  unaccent: 'unaccent',
  fuzzystrmatch: 'levenshtein\\w*|soundex|difference|d?metaphone\\w*',
  pgcrypto: 'crypt|gen_salt|gen_random_bytes|digest|hmac|(?:en|de)crypt\\w*|pgp_\\w+|armor|dearmor',
  'uuid-ossp': 'uuid_generate_\\w+|uuid_nil|uuid_ns_\\w+',
  moddatetime: 'moddatetime',
  btree_gist: 'gist_\\w+_ops',
  btree_gin: '\\w+_gin_ops',
  intarray: 'gin__int_ops|gist__int\\w*_ops|idx|icount|uniq',
  http: 'http|http_(?:get|post|put|delete|head|header|request|response)',
  pg_jsonschema: 'jsonb?_matches_schema|jsonschema_\\w+',
};

export interface NameWithSchema {
  /** `public.vector` */
  readonly name: string;
  readonly at: Pick<Place, 'file' | 'line'>;
}

/** The first place, from the extension's own file on, that names one of its objects in "public". */
export function namedInPublic(extension: string, from: string, { sources }: Facts): NameWithSchema | null {
  const own = names[extension];
  if (own === undefined) return null;
  const written = new RegExp(`(?<![\\w$."])"?public"?\\."?(?:${own})"?(?![\\w$"])`, 'gi');
  for (const source of sources.values()) {
    if (source.path < from) continue;
    for (const { 0: name, index } of source.text.matchAll(written)) {
      if (source.comments.some(({ start, end }) => start <= index && index < end)) continue;
      return { name: name.replaceAll('"', ''), at: { file: source.path, line: source.position(index).line } };
    }
  }
  return null;
}
