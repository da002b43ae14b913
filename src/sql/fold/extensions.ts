/**
 * What extensions bring that other SQL names: their types, and the schemas they make for themselves. Members of an
 * extension are no part of a state; their types appear in columns and arguments.
 */

const types: Readonly<Record<string, string>> = {
  citext: 'citext',
  cube: 'cube',
  earthdistance: 'earth',
  hstore: 'hstore',
  http: 'http_header http_method http_request http_response',
  intarray: 'query_int',
  isn: 'ean13 isbn isbn13 ismn ismn13 issn issn13 upc',
  ltree: 'ltree lquery ltxtquery',
  pgmq: 'message_record metrics_result queue_record',
  postgis: 'geometry geography box2d box3d geometry_dump',
  postgis_raster: 'raster',
  postgis_topology: 'topogeometry',
  seg: 'seg',
  vector: 'vector halfvec sparsevec',
};

const extensionByType = new Map(
  Object.entries(types).flatMap(([extension, names]) =>
    names.split(' ').map((name) => [name, extension] as const),
  ),
);

/** Extension that brings a type of this name. */
export function extensionOfType(type: string): string | undefined {
  return extensionByType.get(type);
}

/** Schema that an extension's control file fixes, made with it where it is missing. */
export const fixedSchemas: Readonly<Record<string, string>> = {
  pg_graphql: 'graphql',
  pg_tle: 'pgtle',
  pgmq: 'pgmq',
  pgsodium: 'pgsodium',
  plpgsql: 'pg_catalog',
  postgis_tiger_geocoder: 'tiger',
  postgis_topology: 'topology',
  supabase_vault: 'vault',
  timescaledb_toolkit: 'timescaledb_toolkit',
};
