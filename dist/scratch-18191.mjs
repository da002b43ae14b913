// ../../scratch/probes/try.ts
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join as join2 } from "node:path";

// src/database/embedded.ts
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";

// src/database/assets.ts
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
var here = dirname(fileURLToPath(import.meta.url));
var dist = existsSync(join(here, "pglite.wasm")) ? here : join(here, "..", "..", "dist");
var assets = {
  worker: join(dist, "embedded-worker.js"),
  wasm: join(dist, "pglite.wasm"),
  files: join(dist, "pglite.data"),
  snapshot: join(dist, "platform-17.tar.br"),
  snapshotInfo: join(dist, "platform-17.json"),
  /** Bundle of an extension, by its name in CREATE EXTENSION. */
  extension: (name2) => join(dist, "extensions", `${name2}.tar.gz`)
};

// src/database/embedded-protocol.ts
var clockSlots = { startedAt: 0, index: 1, count: 2 };

// src/database/engine.ts
var DatabaseError = class extends Error {
  sqlstate;
  detail;
  hint;
  position;
  where;
  schema;
  table;
  column;
  dataType;
  constraint;
  constructor(fields) {
    super(fields.message);
    this.name = "DatabaseError";
    this.sqlstate = fields.sqlstate;
    this.detail = fields.detail;
    this.hint = fields.hint;
    this.position = fields.position;
    this.where = fields.where;
    this.schema = fields.schema;
    this.table = fields.table;
    this.column = fields.column;
    this.dataType = fields.dataType;
    this.constraint = fields.constraint;
  }
};
var EngineLost = class extends Error {
  reason;
  /** Which statement of a batch it was, where that is known. */
  index;
  constructor(reason, message, index = null) {
    super(message);
    this.name = "EngineLost";
    this.reason = reason;
    this.index = index;
  }
};

// src/database/platform/extensions.ts
var both = [15, 17];
var contrib = "contrib/";
var specs = {
  plpgsql: { kind: "real", always: true },
  pgcrypto: { kind: "real", bundle: `${contrib}pgcrypto`, always: true },
  "uuid-ossp": { kind: "real", bundle: `${contrib}uuid_ossp`, always: true },
  bloom: { kind: "real", bundle: `${contrib}bloom` },
  btree_gin: { kind: "real", bundle: `${contrib}btree_gin` },
  btree_gist: { kind: "real", bundle: `${contrib}btree_gist` },
  citext: { kind: "real", bundle: `${contrib}citext` },
  cube: { kind: "real", bundle: `${contrib}cube` },
  dict_int: { kind: "real", bundle: `${contrib}dict_int` },
  dict_xsyn: { kind: "real", bundle: `${contrib}dict_xsyn` },
  earthdistance: { kind: "real", bundle: `${contrib}earthdistance`, requires: ["cube"] },
  fuzzystrmatch: { kind: "real", bundle: `${contrib}fuzzystrmatch` },
  hstore: { kind: "real", bundle: `${contrib}hstore` },
  intarray: { kind: "real", bundle: `${contrib}intarray` },
  isn: { kind: "real", bundle: `${contrib}isn` },
  ltree: { kind: "real", bundle: `${contrib}ltree` },
  pg_buffercache: { kind: "real", bundle: `${contrib}pg_buffercache` },
  pg_trgm: { kind: "real", bundle: `${contrib}pg_trgm` },
  pg_walinspect: { kind: "real", bundle: `${contrib}pg_walinspect` },
  seg: { kind: "real", bundle: `${contrib}seg` },
  tablefunc: { kind: "real", bundle: `${contrib}tablefunc` },
  tcn: { kind: "real", bundle: `${contrib}tcn` },
  tsm_system_rows: { kind: "real", bundle: `${contrib}tsm_system_rows` },
  tsm_system_time: { kind: "real", bundle: `${contrib}tsm_system_time` },
  unaccent: { kind: "real", bundle: `${contrib}unaccent` },
  vector: { kind: "real", bundle: "vector", server: "missing", version: "0.8.0" },
  pgtap: { kind: "real", bundle: "pgtap", server: "missing", version: "1.3.3" },
  // Part of Postgres, without a bundle for the embedded engine.
  autoinc: { kind: "missing", server: "real" },
  dblink: { kind: "missing", server: "real" },
  insert_username: { kind: "missing", server: "real" },
  moddatetime: { kind: "stand-in", server: "real" },
  pg_prewarm: { kind: "accepted", server: "real" },
  pg_stat_statements: { kind: "stand-in", version: "1.11" },
  pgrowlocks: { kind: "accepted", server: "real" },
  pgstattuple: { kind: "accepted", server: "real" },
  postgres_fdw: { kind: "real", bundle: `${contrib}postgres_fdw` },
  refint: { kind: "accepted", server: "real" },
  sslinfo: { kind: "accepted", server: "real" },
  http: { kind: "stand-in", version: "1.6" },
  hypopg: { kind: "stand-in", version: "1.4.1" },
  index_advisor: { kind: "stand-in", version: "0.2.0", requires: ["hypopg"] },
  pg_cron: { kind: "stand-in", version: "1.6.4" },
  pg_graphql: { kind: "stand-in", schema: "graphql", version: "1.5.11" },
  pg_hashids: { kind: "stand-in", version: "1.3" },
  pg_jsonschema: { kind: "stand-in", version: "0.3.3" },
  pg_net: { kind: "stand-in", version: "0.19.5" },
  pg_tle: { kind: "stand-in", schema: "pgtle", version: "1.4.0" },
  pgjwt: { kind: "stand-in", version: "0.2.0", offered: [15], requires: ["pgcrypto"] },
  pgmq: { kind: "stand-in", schema: "pgmq", privileged: false, version: "1.5.1" },
  // Its indexes stand on btree_gist's library: the bundle has to be loaded.
  postgis: { kind: "stand-in", bundle: `${contrib}btree_gist`, version: "3.3.7" },
  pgsodium: { kind: "stand-in", schema: "pgsodium", version: "3.1.9" },
  "supabase-dbdev": { kind: "stand-in", privileged: false, version: "0.0.5" },
  // Packages of database.dev, installed through pg_tle: the two that migrations name.
  "basejump-supabase_test_helpers": { kind: "stand-in", privileged: false, version: "0.0.6" },
  "olirice-index_advisor": { kind: "stand-in", privileged: false, version: "0.2.0" },
  supabase_vault: { kind: "stand-in", schema: "vault", version: "0.3.1" },
  wrappers: { kind: "stand-in", version: "0.5.7" },
  pg_repack: { kind: "accepted", version: "1.5.2" },
  pg_stat_monitor: { kind: "accepted", version: "2.1" },
  pgaudit: { kind: "stand-in", version: "17.0" },
  plpgsql_check: { kind: "accepted", version: "2.7" },
  supautils: { kind: "accepted", version: "2.9" },
  address_standardizer: { kind: "missing" },
  address_standardizer_data_us: { kind: "missing" },
  pg_partman: { kind: "missing", offered: [17] },
  pgroonga: { kind: "missing" },
  pgroonga_database: { kind: "missing" },
  pgrouting: { kind: "missing" },
  plcoffee: { kind: "missing", offered: [15] },
  plls: { kind: "missing", offered: [15] },
  plv8: { kind: "missing", offered: [15] },
  postgis_raster: { kind: "missing" },
  postgis_sfcgal: { kind: "missing" },
  postgis_tiger_geocoder: { kind: "missing" },
  postgis_topology: { kind: "missing" },
  rum: { kind: "missing" },
  timescaledb: { kind: "missing", offered: [15] }
};
function bundle(module) {
  const name2 = module.replace(contrib, "");
  return { module, export: name2, file: name2 === "uuid_ossp" ? "uuid-ossp" : name2 };
}
function extension(name2, spec) {
  const embedded = spec.kind ?? "missing";
  const server = spec.server ?? embedded;
  return {
    name: name2,
    offered: spec.offered ?? both,
    kind: { embedded, server },
    bundle: spec.bundle ? bundle(spec.bundle) : null,
    always: spec.always ?? false,
    schema: spec.schema ?? null,
    privileged: spec.privileged ?? true,
    version: spec.version ?? "1.0",
    requires: spec.requires ?? []
  };
}
var extensions = new Map(
  Object.entries(specs).map(([name2, spec]) => [name2, extension(name2, spec)])
);
function bundlesFor(names2) {
  const wanted = /* @__PURE__ */ new Set();
  const add = (name2) => {
    const found = extensions.get(name2);
    if (!found || wanted.has(name2)) return;
    wanted.add(name2);
    found.requires.forEach(add);
  };
  for (const found of extensions.values()) if (found.always) add(found.name);
  for (const name2 of names2) add(name2);
  const bundles = [...wanted].flatMap((name2) => extensions.get(name2)?.bundle ?? []);
  return [...new Map(bundles.map((each) => [each.file, { name: each.file, ...each }])).values()];
}

// src/database/embedded.ts
async function openEmbedded(options) {
  return start({ kind: "brotli", path: assets.snapshot }, options);
}
var compiled;
var compile = () => {
  compiled ??= readFile(assets.wasm).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
};
async function start(state2, options) {
  const clock = new SharedArrayBuffer(clockSlots.count * Float64Array.BYTES_PER_ELEMENT);
  const data = {
    wasm: await compile(),
    files: assets.files,
    state: state2,
    user: "supabase_admin",
    extensions: bundlesFor(options.extensions).map(({ name: name2 }) => ({ name: name2, path: assets.extension(name2) })),
    clock
  };
  const worker = new Worker(assets.worker, {
    workerData: data,
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true
  });
  worker.unref();
  const channel = new Channel(worker, new Float64Array(clock), options.statementLimitMs);
  const postgres = await channel.ready;
  return new Embedded(channel, postgres, options);
}
var Channel = class {
  ready;
  #worker;
  #clock;
  #limitMs;
  #waiting = /* @__PURE__ */ new Map();
  #lastId = 0;
  #lost = null;
  #watch = null;
  constructor(worker, clock, limitMs) {
    this.#worker = worker;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.ready = new Promise((resolve, reject) => {
      worker.ref();
      worker.on("message", (answer) => {
        if (answer.id === 0) {
          worker.unref();
          resolve("result" in answer && "version" in answer.result && answer.result.version || "");
        } else this.#settle(answer);
      });
      const gone = (reason) => {
        const error = new EngineLost("crash", `The embedded Postgres stopped: ${reason}.`);
        reject(error);
        this.#lose(error);
      };
      worker.on("error", (error) => gone(error.message));
      worker.on("exit", (code) => gone(`its thread ended with code ${code}`));
    });
    this.ready.catch(() => {
    });
  }
  request(body) {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.#waiting.size === 1) this.#startWatch();
      this.#worker.postMessage({ id, ...body });
    });
  }
  async end() {
    this.#lose(new EngineLost("crash", "The embedded Postgres was closed."));
    await this.#worker.terminate();
  }
  #settle(answer) {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#stopWatch();
    if (waiting === void 0) return;
    if ("crash" in answer) {
      const error = new EngineLost("crash", `The embedded Postgres broke: ${answer.crash}`);
      waiting.reject(error);
      this.#lose(error);
      void this.#worker.terminate();
    } else waiting.resolve(answer.result);
  }
  #startWatch() {
    this.#worker.ref();
    this.#watch = setInterval(() => {
      const startedAt = this.#clock[clockSlots.startedAt];
      if (startedAt === 0 || Date.now() - startedAt < this.#limitMs) return;
      const error = new EngineLost(
        "time-limit",
        `A statement ran longer than ${Math.round(this.#limitMs / 100) / 10} seconds.`,
        this.#clock[clockSlots.index]
      );
      this.#lose(error);
      void this.#worker.terminate();
    }, 50);
  }
  #stopWatch() {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    this.#worker.unref();
  }
  #lose(error) {
    this.#lost ??= error;
    this.#stopWatch();
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
};
var Embedded = class {
  kind = "embedded";
  postgres;
  major;
  admin;
  postgresRole;
  #channel;
  #options;
  constructor(channel, postgres, options) {
    this.#channel = channel;
    this.#options = options;
    this.postgres = postgres;
    this.major = Number.parseInt(postgres, 10);
    const seat = { role: "supabase_admin" };
    this.admin = new Seat(channel, seat, "supabase_admin", "set session authorization supabase_admin");
    this.postgresRole = new Seat(channel, seat, "postgres", "set session authorization postgres");
  }
  async checkpoint() {
    await this.admin.exec("checkpoint");
    return new TarCheckpoint(await this.#channel.request({ op: "dump" }));
  }
  open(from) {
    if (!(from instanceof TarCheckpoint)) throw new TypeError("That checkpoint was made by another engine.");
    return start({ kind: "tar", bytes: from.bytes }, this.#options);
  }
  close() {
    return this.#channel.end();
  }
};
var TarCheckpoint = class {
  kind = "embedded";
  bytes;
  constructor(bytes) {
    this.bytes = bytes;
  }
  async drop() {
    this.bytes = new Uint8Array();
  }
};
var Seat = class {
  #channel;
  #seat;
  #role;
  #takeOver;
  constructor(channel, seat, role, takeOver) {
    this.#channel = channel;
    this.#seat = seat;
    this.#role = role;
    this.#takeOver = takeOver;
  }
  async exec(sql) {
    await this.#sit();
    unwrap((await this.#channel.request({ op: "run", statements: [sql], stopOnError: true }))[0]);
  }
  async query(sql, parameters = []) {
    await this.#sit();
    const values = parameters.map((value) => value === null ? null : String(value));
    const outcomes = values.length === 0 ? await this.#channel.request({ op: "run", statements: [sql], stopOnError: true }) : await this.#channel.request({ op: "query", sql, parameters: values });
    return unwrap(outcomes[0]);
  }
  async batch(statements, options = {}) {
    await this.#sit();
    const outcomes = await this.#channel.request({
      op: "run",
      statements,
      stopOnError: options.stopOnError ?? false
    });
    return outcomes.map(
      (outcome) => outcome.ok ? outcome : { ...outcome, error: new DatabaseError(outcome.error) }
    );
  }
  async #sit() {
    if (this.#seat.role === this.#role) return;
    const [outcome] = await this.#channel.request({
      op: "run",
      statements: [this.#takeOver],
      stopOnError: true
    });
    unwrap(outcome);
    this.#seat.role = this.#role;
  }
};
function unwrap(outcome) {
  if (!outcome.ok) throw new DatabaseError(outcome.error);
  return outcome.rows;
}

// src/sql/parse.ts
import { loadModule, parseSync } from "pgsql-parser";

// src/sql/scan.ts
var interesting = /--|\/\*|'|"|\$|;|\(|\)/g;
function scan(text2, positions) {
  const comments = [];
  const semicolons = [];
  let depth = 0;
  const search = new RegExp(interesting);
  for (let match = search.exec(text2); match !== null; match = search.exec(text2)) {
    const at2 = match.index;
    let next = at2 + match[0].length;
    switch (match[0]) {
      case "--":
      case "/*": {
        const block = match[0] === "/*";
        next = block ? endOfBlock(text2, at2) : endOfLine(text2, at2);
        comments.push({
          start: at2,
          end: next,
          text: text2.slice(at2, next),
          line: positions.position(at2).line,
          endLine: positions.position(next).line,
          block
        });
        break;
      }
      case "'":
        next = endOfString(text2, at2, isEscapeString(text2, at2));
        break;
      case '"':
        next = endOfQuoted(text2, at2, '"');
        break;
      case "$":
        next = endOfDollar(text2, at2);
        break;
      case "(":
        depth += 1;
        break;
      case ")":
        depth = Math.max(0, depth - 1);
        break;
      default:
        if (depth === 0) semicolons.push(at2);
    }
    search.lastIndex = next;
  }
  return { comments, semicolons };
}
function endOfLine(text2, at2) {
  const end = text2.indexOf("\n", at2);
  if (end === -1) return text2.length;
  return text2[end - 1] === "\r" ? end - 1 : end;
}
function endOfBlock(text2, at2) {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at2;
  let depth = 0;
  for (let mark = marks.exec(text2); mark !== null; mark = marks.exec(text2)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text2.length;
}
function isEscapeString(text2, at2) {
  return /(^|[^\w$])e$/i.test(text2.slice(Math.max(0, at2 - 2), at2));
}
function endOfString(text2, at2, escapes) {
  if (!escapes) return endOfQuoted(text2, at2, "'");
  for (let i = at2 + 1; i < text2.length; i += 1) {
    if (text2[i] === "\\") i += 1;
    else if (text2[i] === "'") {
      if (text2[i + 1] !== "'") return i + 1;
      i += 1;
    }
  }
  return text2.length;
}
function endOfQuoted(text2, at2, quote) {
  for (let end = text2.indexOf(quote, at2 + 1); end !== -1; end = text2.indexOf(quote, end + 2)) {
    if (text2[end + 1] !== quote) return end + 1;
  }
  return text2.length;
}
function endOfDollar(text2, at2) {
  if (at2 > 0 && /[\w$\u0080-\uffff]/.test(text2[at2 - 1])) return at2 + 1;
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(text2.slice(at2, at2 + 130));
  if (tag === null) return at2 + 1;
  const end = text2.indexOf(tag[0], at2 + tag[0].length);
  return end === -1 ? text2.length : end + tag[0].length;
}

// src/sql/suppressions.ts
var pattern = /^(?:--+|\/\*+)\s*guard-ignore(-file)?\s+([^:\n]+?)\s*(?::\s*([\s\S]*?))?\s*(?:\*\/)?$/;
function readSuppressions(comments, statements) {
  return comments.flatMap((comment) => {
    if (!comment.text.includes("guard-ignore")) return [];
    const match = pattern.exec(comment.text);
    if (match === null) return [];
    const [, wholeFile, names2, reason] = match;
    return [
      {
        rules: names2.split(/[\s,]+/).filter((name2) => name2 !== ""),
        reason: reason?.trim() ?? "",
        line: comment.line,
        covers: wholeFile === void 0 ? covered(comment, statements) : null
      }
    ];
  });
}
function covered(comment, statements) {
  const sameLine = statements.find((s) => s.span.endLine === comment.line && s.end <= comment.start);
  if (sameLine !== void 0) return { from: sameLine.span.line, to: sameLine.span.endLine };
  const next = statements.find((statement) => statement.end > comment.start);
  if (next === void 0) return { from: comment.line, to: comment.line };
  if (next.start < comment.start) return { from: comment.line, to: comment.endLine + 1 };
  return { from: comment.line, to: next.span.endLine };
}

// src/sql/text.ts
function createPositions(text2) {
  const lineStarts = startsOfLines(text2);
  const position = (offset) => {
    const at2 = Math.min(Math.max(0, offset), text2.length);
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = low + high >>> 1;
      if (lineStarts[middle] <= at2) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: at2 - lineStarts[low] + 1 };
  };
  return {
    position,
    span(start2, end) {
      const from = position(start2);
      const to = position(end);
      return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
    },
    offsetOfByte: byteToOffset(text2)
  };
}
function startsOfLines(text2) {
  const starts = [0];
  for (let at2 = text2.indexOf("\n"); at2 !== -1; at2 = text2.indexOf("\n", at2 + 1)) starts.push(at2 + 1);
  return starts;
}
function byteToOffset(text2) {
  if (Buffer.byteLength(text2) === text2.length) return (byte) => Math.min(byte, text2.length);
  const behind = [];
  const surplus = [];
  let bytes = 0;
  for (let at2 = 0; at2 < text2.length; at2 += 1) {
    const code = text2.codePointAt(at2);
    if (code < 128) {
      bytes += 1;
      continue;
    }
    bytes += code < 2048 ? 2 : code <= 65535 ? 3 : 4;
    if (code > 65535) at2 += 1;
    behind.push(bytes);
    surplus.push(bytes - (at2 + 1));
  }
  return (byte) => {
    let low = -1;
    let high = behind.length;
    while (high - low > 1) {
      const middle = low + high >>> 1;
      if (behind[middle] <= byte) low = middle;
      else high = middle;
    }
    return Math.min(text2.length, byte - (low === -1 ? 0 : surplus[low]));
  };
}

// src/sql/parse.ts
async function loadParser() {
  await loadModule();
}
function parseSource(path, text2) {
  const positions = createPositions(text2);
  const { comments, semicolons } = scan(text2, positions);
  const toStatements = (raw, read2 = text2) => raw.flatMap((entry, index) => toStatement(entry, index, read2, comments, positions));
  let statements = [];
  let issue = null;
  try {
    statements = toStatements(parseRaw(text2));
  } catch (error) {
    const offset = errorOffset(error, text2);
    issue = { message: errorMessage(error), span: tokenSpan(text2, offset, positions) };
    statements = recover(text2, semicolons, toStatements);
  }
  return {
    path,
    text: text2,
    statements,
    comments,
    suppressions: readSuppressions(comments, statements),
    issue,
    position: positions.position,
    offsetOfByte: positions.offsetOfByte
  };
}
function parseExpression(text2) {
  try {
    const [first] = parseRaw(`select ${text2}`);
    return first?.stmt?.SelectStmt?.targetList?.[0]?.ResTarget?.val ?? null;
  } catch {
    return null;
  }
}
function parseStatements(text2) {
  const source = parseSource("", text2);
  return source.issue === null ? source.statements : null;
}
function parseRaw(text2) {
  if (text2.trim() === "") return [];
  const nul = text2.indexOf("\0");
  if (nul !== -1) throw new NulCharacter(nul);
  return parseSync(text2).stmts ?? [];
}
var NulCharacter = class extends Error {
  offset;
  constructor(offset) {
    super('invalid byte sequence for encoding "UTF8": 0x00');
    this.offset = offset;
  }
};
function toStatement(raw, index, text2, comments, positions) {
  const [kind, node] = only(raw.stmt);
  if (kind === null) return [];
  const from = raw.stmt_location ?? 0;
  let start2 = positions.offsetOfByte(from);
  let end = raw.stmt_len ? positions.offsetOfByte(from + raw.stmt_len) : text2.length;
  for (; ; ) {
    while (start2 < end && isSpace(text2, start2)) start2 += 1;
    const comment = comments[lowerBound(comments.length, (i) => comments[i].start >= start2)];
    if (comment === void 0 || comment.start !== start2 || comment.end > end) break;
    start2 = comment.end;
  }
  for (; ; ) {
    while (end > start2 && (isSpace(text2, end - 1) || text2[end - 1] === ";")) end -= 1;
    const comment = comments[lowerBound(comments.length, (i) => comments[i].end >= end)];
    if (comment === void 0 || comment.end !== end || comment.start < start2) break;
    end = comment.start;
  }
  return [{ index, kind, node, start: start2, end, sql: text2.slice(start2, end), span: positions.span(start2, end) }];
}
function lowerBound(length, holds) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
function recover(text2, semicolons, toStatements) {
  const blank = (match) => match.replace(/[^\n]/g, " ");
  const plain = text2.replaceAll("\0", " ").replace(/(^copy\s[^;]*\sfrom\s+stdin[^;]*;)([\s\S]*?^\\\.$)/gim, (match) => blank(match)).replace(/^\\[a-z!?].*$/gim, blank);
  const ends = plain.slice(semicolons.at(-1) ?? 0).trim() === "" ? semicolons : [...semicolons, plain.length];
  const raw = [];
  let from = 0;
  let fromByte = 0;
  for (const end of ends) {
    const piece = plain.slice(from, end);
    try {
      for (const { stmt, stmt_location = 0, stmt_len } of parseRaw(piece)) {
        shiftLocations(stmt, fromByte);
        const length = stmt_len ?? Buffer.byteLength(piece) - stmt_location;
        raw.push({ stmt, stmt_location: fromByte + stmt_location, stmt_len: length });
      }
    } catch {
    }
    fromByte += Buffer.byteLength(plain.slice(from, end + 1));
    from = end + 1;
  }
  return toStatements(raw, plain);
}
function shiftLocations(tree, by) {
  if (typeof tree !== "object" || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    if (key === "location" && typeof value === "number" && value >= 0)
      tree.location = value + by;
    else if (typeof value === "object") shiftLocations(value, by);
  }
}
function errorOffset(error, text2) {
  if (error instanceof NulCharacter) return error.offset;
  const details = error.sqlDetails;
  const characters = Math.max(0, details?.cursorPosition ?? 0);
  let offset = 0;
  for (let seen2 = 0; seen2 < characters && offset < text2.length; seen2 += 1) {
    offset += (text2.codePointAt(offset) ?? 0) > 65535 ? 2 : 1;
  }
  return Math.min(offset, text2.length);
}
function errorMessage(error) {
  return error instanceof Error ? error.message : String(error);
}
function tokenSpan(text2, offset, positions) {
  const start2 = Math.min(offset, Math.max(0, text2.trimEnd().length - 1));
  const word = /^[\p{L}\p{N}_$]+/u.exec(text2.slice(start2, start2 + 200));
  return positions.span(start2, Math.min(text2.length, start2 + (word?.[0].length ?? 1)));
}
function only(tree) {
  for (const key in tree) return [key, tree[key]];
  return [null, null];
}
var isSpace = (text2, at2) => " 	\n\r\f\v".includes(text2[at2]);

// src/probes/catalog.ts
async function readCatalog(session, schemas) {
  const domains = /* @__PURE__ */ new Map();
  for (const row of await session.query(`
    select format_type(t.oid, null) as type, format_type(t.typbasetype, t.typtypmod) as base, t.typnotnull as notnull,
      (select string_agg(pg_get_constraintdef(c.oid), E'\\n' order by c.conname) from pg_constraint c
        where c.contypid = t.oid and c.contype = 'c') as checks
    from pg_type t where t.typtype = 'd' and t.typnamespace <> 'information_schema'::regnamespace`)) {
    domains.set(row.type, {
      base: row.base,
      notNull: row.notnull === "t" || row.notnull === "true",
      checks: row.checks?.split("\n") ?? []
    });
  }
  const rows = await session.query(`
    select format('%I.%I', n.nspname, c.relname) as relation, r.role,
      case when not has_schema_privilege(r.role, n.oid, 'usage') then 'no schema' end as closed,
      has_table_privilege(r.role, c.oid, 'delete') as delete,
      (select string_agg(a.attname, E'\\n' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and has_column_privilege(r.role, c.oid, a.attnum, 'select')) as select,
      (select string_agg(a.attname, E'\\n' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and has_column_privilege(r.role, c.oid, a.attnum, 'insert')) as insert,
      (select string_agg(a.attname, E'\\n' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
        and not a.attisdropped and has_column_privilege(r.role, c.oid, a.attnum, 'update')) as update
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join (values ('anon'), ('authenticated'), ('service_role')) r (role)
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname in (${schemas.map((s) => `'${s.replaceAll("'", "''")}'`).join(", ")})`);
  const held = /* @__PURE__ */ new Map();
  for (const row of rows) {
    if (row.closed !== null) continue;
    for (const command of ["select", "insert", "update"]) {
      const columns = row[command];
      if (columns) held.set(`${row.role} ${command} ${row.relation}`, columns.split("\n"));
    }
    if (row.delete === "t" || row.delete === "true") held.set(`${row.role} delete ${row.relation}`, []);
  }
  const [deferrable] = await session.query(`select count(*) as n from pg_trigger where tgdeferrable
    union all select count(*) from pg_constraint where condeferrable order by 1 desc limit 1`);
  return {
    domains,
    deferred: deferrable?.n !== "0",
    privileges: (role, command, relation) => held.get(`${role} ${command} ${relation}`) ?? null
  };
}

// src/probes/outcome.ts
var afterPolicies = /* @__PURE__ */ new Set(["23502", "23503", "23505", "23514", "23P01"]);
function verdictOf(error, target2, command) {
  const reason = describe(error);
  const byFunction = error.where !== null && /\b(function|trigger|SQL statement)\b/.test(error.where);
  if (error.sqlstate === "42501") {
    if (byFunction) return { outcome: "error", reason };
    if (/^new row violates row-level security policy\b/.test(error.message)) {
      const table = /for table "(.*)"$/.exec(error.message)?.[1];
      return { outcome: table === target2.name ? "check-failed" : "error", reason };
    }
    const denied = /^permission denied for (\w+(?: \w+)*?) (.*)$/.exec(error.message);
    if (denied !== null && /^(table|view|materialized view|relation|column)$/.test(denied[1])) {
      const relation = denied[2].replace(/^"|"$/g, "");
      const named = /of relation "?(.*?)"?$/.exec(relation)?.[1] ?? relation;
      return { outcome: named === target2.name ? "no-permission" : "error", reason };
    }
    if (denied?.[1] === "schema" && denied[2] === target2.schema) return { outcome: "no-permission", reason };
    if (denied?.[1] === "sequence") return { outcome: "no-permission", reason };
    return { outcome: "error", reason };
  }
  if (afterPolicies.has(error.sqlstate) && !byFunction && error.table !== null) {
    const own = error.table === target2.name && (error.schema ?? target2.schema) === target2.schema;
    const child = error.sqlstate === "23503" && command !== "insert";
    if (own || child) return { outcome: "constraint", reason };
  }
  return { outcome: "error", reason };
}
var describe = (error) => `${error.sqlstate}: ${error.message}${error.where ? ` (${error.where.split("\n")[0]})` : ""}`;
function resultOf(outcome) {
  if (outcome === void 0) return "not run";
  if (!outcome.ok) return `ERROR ${describe(outcome.error)}`;
  return `${outcome.affected} ${outcome.affected === 1 ? "row" : "rows"}`;
}

// src/probes/rank.ts
var rank = /role|rank|level|admin|owner|permission|super|staff|moderator|access|tier|scope/i;

// src/probes/owners.ts
var usersTable = "auth.users";
var maker = /^(user|owner|author|creator|sender|uploader|requester|reporter|reviewer|poster|account|profile|member|customer|client|follower|voter|commenter|subscriber|buyer|inviter|blocker|created|uploaded|posted|submitted|sent|requested|invited|owned|from|auth|auth_user|supabase_user)(_?by|_?user)?(_?id|_?uid|_?email)?$/i;
var clerk = /^(verified|approved|reviewed|assigned|updated|modified|deleted|resolved|processed|handled|banned|closed|moderated|granted|rejected|confirmed|completed|cancelled|canceled|changed|edited|last_\w+|assignee|reviewer|approver|moderator)(_by|_to)?(_user)?(_id)?$/i;
function readOwnership(state2, readings, functionsGiveUid) {
  const owners = /* @__PURE__ */ new Map();
  const add = (table, column, caller, form) => {
    const list = owners.get(table.key) ?? [];
    if (list.some((owner) => owner.column === column.name)) return false;
    list.push({ column: column.name, caller, form, nullable: !column.notNull, author: true });
    owners.set(table.key, list);
    return true;
  };
  const columnOf = (table, name2) => table?.columns.find((column) => column.name === name2);
  const compared = new Set(
    [...readings.values()].flatMap(
      (reading) => reading.callers.map((atom) => `${atom.table}.${atom.column}`)
    )
  );
  const holdsAnotherId = (table, column, depth = 0) => {
    const key = table.foreignKeys.find(
      (foreign) => foreign.columns.length === 1 && foreign.columns[0] === column.name
    );
    if (key !== void 0) {
      if (key.references === usersTable || depth > 4) return false;
      const parent = state2.tables.get(key.references);
      const target2 = columnOf(parent, key.referencedColumns[0] ?? "");
      return parent !== void 0 && target2 !== void 0 && holdsAnotherId(parent, target2, depth + 1);
    }
    const primary = table.primaryKey?.columns;
    if (primary?.length !== 1 || primary[0] !== column.name || column.default === null) return false;
    return table.foreignKeys.some(
      (foreign) => foreign.references === usersTable && maker.test(foreign.columns[0])
    );
  };
  for (const reading of readings.values()) {
    for (const atom of reading.callers) {
      const table = state2.tables.get(atom.table);
      const column = columnOf(table, atom.column);
      if (table === void 0 || column === void 0 || platformSchemas.has(table.schema)) continue;
      if (atom.form === "folder" || atom.caller.kind === "claim") continue;
      if (atom.caller.kind === "function" && !functionsGiveUid.has(atom.caller.key)) continue;
      const caller = atom.caller.kind === "function" ? { kind: "uid" } : atom.caller;
      const form = atom.form === "plain" && column.type.endsWith("[]") ? "array" : atom.form;
      if (caller.kind === "uid" && !/^(uuid|text|character|json)/.test(column.type)) continue;
      if (caller.kind === "uid" && form === "plain" && holdsAnotherId(table, column)) continue;
      add(table, column, caller, form);
    }
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const table of state2.tables.values()) {
      if (platformSchemas.has(table.schema)) continue;
      for (const key of table.foreignKeys) {
        if (key.columns.length !== 1) continue;
        const column = columnOf(table, key.columns[0]);
        if (column === void 0 || clerk.test(column.name) && !compared.has(`${table.key}.${column.name}`))
          continue;
        const parent = owners.get(key.references)?.find((owner) => owner.column === key.referencedColumns[0] && owner.caller.kind === "uid");
        if (key.references === usersTable || parent !== void 0) {
          grown = add(table, column, { kind: "uid" }, "plain") || grown;
        }
      }
    }
  }
  for (const [table, list] of owners) {
    list.sort((a, b) => a.column < b.column ? -1 : 1);
    const makers = list.filter((owner) => maker.test(owner.column));
    if (makers.length > 0) {
      owners.set(
        table,
        list.map((owner) => ({ ...owner, author: makers.includes(owner) }))
      );
    }
  }
  const trusted = /* @__PURE__ */ new Set();
  for (const [home, reading] of readings) {
    for (const key of reading.tables) {
      if (key === home) continue;
      const table = state2.tables.get(key);
      if (table === void 0 || platformSchemas.has(table.schema)) continue;
      if (owners.has(key)) trusted.add(key);
    }
  }
  const claimed = /* @__PURE__ */ new Map();
  for (const reading of readings.values()) {
    for (const atom of reading.callers) {
      if (atom.caller.kind !== "claim" || !state2.tables.has(atom.table)) continue;
      if (rank.test(atom.column) || !/^(uuid|text|character|integer|bigint|smallint)/.test(
        columnOf(state2.tables.get(atom.table), atom.column)?.type ?? ""
      ))
        continue;
      claimed.set(atom.table, (claimed.get(atom.table) ?? /* @__PURE__ */ new Set()).add(atom.column));
    }
  }
  const owned = /* @__PURE__ */ new Map();
  const isOwned = (key) => {
    const known = owned.get(key);
    if (known !== void 0) return known;
    owned.set(key, false);
    const table = state2.tables.get(key);
    const answer = table !== void 0 && ((owners.get(key)?.length ?? 0) > 0 || tenants.has(key) || claimed.has(key) || table.foreignKeys.some((foreign) => foreign.references !== key && isOwned(foreign.references)));
    owned.set(key, answer);
    return answer;
  };
  const tenants = /* @__PURE__ */ new Set();
  for (const key of trusted) {
    const members = state2.tables.get(key);
    for (const foreign of members.foreignKeys) {
      const parent = state2.tables.get(foreign.references);
      if (parent === void 0 || platformSchemas.has(parent.schema) || owners.has(parent.key)) continue;
      const readers = [...readings].filter(([home, reading]) => home !== key && reading.tables.has(key));
      const decides = readers.some(
        ([home]) => home === parent.key || state2.tables.get(home)?.foreignKeys.some((other2) => other2.references === parent.key) === true
      );
      if (decides) tenants.add(parent.key);
    }
  }
  return {
    ownersOf: (table) => owners.get(table) ?? [],
    isOwned,
    columnsOf(key) {
      const direct = owners.get(key) ?? [];
      if (direct.length > 0) return direct.map((owner) => owner.column);
      const byClaim = claimed.get(key);
      if (byClaim !== void 0) return [...byClaim].toSorted();
      const table = state2.tables.get(key);
      return table?.foreignKeys.filter((foreign) => foreign.references !== key && isOwned(foreign.references)).flatMap((foreign) => foreign.columns) ?? [];
    },
    trusted
  };
}
function ownerValue(owner, user3) {
  const value = owner.caller.kind === "email" ? user3.email : owner.caller.kind === "phone" ? user3.phone : user3.id;
  if (owner.form === "array") return `{"${value}"}`;
  if (owner.form === "json") return JSON.stringify([value]);
  return value;
}
var platformSchemas = /* @__PURE__ */ new Set([
  "auth",
  "storage",
  "realtime",
  "vault",
  "extensions",
  "graphql",
  "graphql_public",
  "supabase_migrations",
  "supabase_functions",
  "net",
  "cron",
  "pgmq",
  "pgsodium"
]);

// src/probes/quote.ts
var name = (text2) => `"${text2.replaceAll('"', '""')}"`;
var qualified = (schema, object) => `${name(schema)}.${name(object)}`;
var literal = (value) => value === null ? "null" : `'${value.replaceAll("'", "''")}'`.replace(/^'(.*\\.*)'$/s, escaped);
var escaped = (_, inside) => `E'${inside.replaceAll("\\", "\\\\")}'`;

// src/probes/principals.ts
var user = (letter) => {
  const digit = letter.toLowerCase();
  const eight = digit.repeat(8);
  const four = digit.repeat(3);
  return {
    letter,
    id: `${eight}-${digit.repeat(4)}-4${four}-8${four}-${digit.repeat(12)}`,
    // Everybody has an e-mail domain of their own: policies that compare domains must not join A and B.
    email: `user.${digit}@${digit}${digit}${digit}.example`,
    // 555 01xx is kept free for fiction.
    phone: `1202555010${letter.charCodeAt(0) - "A".charCodeAt(0)}`
  };
};
var userA = user("A");
var userB = user("B");
var userC = user("C");
var userD = user("D");
var userZ = {
  ...user("F"),
  letter: "Z",
  email: "user.z@zzz.example",
  phone: "12025550109"
};
var companionOf = (owner) => owner === userB ? userD : userC;
var issuedAt = 1767225600;
var expiresAt = 4102444800;
function claimsOf(owner, extra = {}) {
  return {
    iss: "https://project.supabase.co/auth/v1",
    aud: "authenticated",
    exp: expiresAt,
    iat: issuedAt,
    sub: owner.id,
    email: owner.email,
    phone: owner.phone,
    role: "authenticated",
    aal: "aal1",
    amr: [{ method: "password", timestamp: issuedAt }],
    session_id: owner.id.replace(/^..../, "5e55"),
    is_anonymous: false,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { sub: owner.id, email: owner.email, email_verified: true },
    ...extra
  };
}
var apiKey = (role) => ({
  iss: "supabase",
  ref: "project",
  role,
  iat: issuedAt,
  exp: expiresAt
});
var anon = { principal: "anon", label: "anon", role: "anon", claims: apiKey("anon") };
var serviceRole = {
  principal: "service_role",
  label: "service_role",
  role: "service_role",
  claims: apiKey("service_role")
};
var signedIn = (owner, extra = {}) => ({
  principal: "user",
  label: `user ${owner.letter}`,
  role: "authenticated",
  claims: claimsOf(owner, extra)
});
var signedInAnonymously = (owner) => ({
  principal: "user-anonymous",
  label: `user ${owner.letter}, signed in anonymously`,
  role: "authenticated",
  claims: claimsOf(owner, {
    is_anonymous: true,
    email: "",
    phone: "",
    amr: [{ method: "anonymous", timestamp: issuedAt }],
    app_metadata: {},
    user_metadata: {}
  })
});
function become(identity, searchPath) {
  return `select ${[
    ["role", identity.role],
    ["request.jwt.claims", JSON.stringify(identity.claims)],
    ["search_path", searchPath]
  ].map(([setting, value]) => `set_config('${setting}', ${literal(value)}, true)`).join(", ")}`;
}
var withClaims = (claims) => `select set_config('role', 'none', true), set_config('request.jwt.claims', ${literal(JSON.stringify(claims))}, true)`;
var becomeAdmin = `select set_config('role', 'none', true)`;
var searchPathOf = (schema, extra) => [schema, ...extra].map(name).join(", ");

// src/probes/world.ts
var triggersOff = `select set_config('session_replication_role', 'replica', true)`;
var triggersOn = `select set_config('session_replication_role', 'origin', true)`;
var World = class {
  #session;
  #state;
  #planner;
  #ownership;
  #values;
  #onObject;
  #rows = /* @__PURE__ */ new Map();
  /** Table to the reason why no row could be laid. */
  failures = /* @__PURE__ */ new Map();
  constructor(session, state2, planner, ownership, values, onObject) {
    this.#onObject = onObject;
    this.#session = session;
    this.#state = state2;
    this.#planner = planner;
    this.#ownership = ownership;
    this.#values = values;
  }
  row(table, user3) {
    return this.#rows.get(`${table} ${user3.letter}`);
  }
  /** Rows as they are now, to come back to after ROLLBACK TO SAVEPOINT. */
  mark() {
    const rows = new Map(this.#rows);
    return () => {
      this.#rows = rows;
    };
  }
  /** Lays the rows of a user that are still missing, in the planner's order. */
  async lay(tables, user3) {
    const wanted = new Set(tables);
    const order = this.#planner.order.filter((key) => wanted.has(key) && this.row(key, user3) === void 0);
    if (order.length === 0) return;
    const planned = /* @__PURE__ */ new Map();
    const rowOf = (key, of) => this.row(key, of)?.values ?? (of === user3 ? planned.get(key) : void 0);
    await this.#session.exec(withClaims(claimsOf(user3)));
    let at2 = 0;
    while (at2 < order.length) {
      const batch = [];
      for (const key of order.slice(at2)) {
        const table = this.#state.tables.get(key);
        const row = this.#planner.plan(table, user3, rowOf);
        if ("missing" in row && typeof row.missing === "string" && !table.columns.some((c) => c.name === "missing")) {
          this.failures.set(key, `no row in "${row.missing}" to point to`);
          continue;
        }
        planned.set(key, row);
        batch.push({ table, row });
      }
      const failedAt = await this.#insertAll(batch, user3);
      if (failedAt === null) break;
      const failed = batch[failedAt];
      await this.#mend(failed.table, user3, failed.row, rowOf);
      if (this.row(failed.table.key, user3) === void 0) planned.delete(failed.table.key);
      at2 = order.indexOf(failed.table.key) + 1;
      for (const key of order.slice(at2)) planned.delete(key);
    }
    await this.#readBack(order, user3);
  }
  /** Index of the first row that failed, rolled back; null where all were laid. */
  async #insertAll(batch, user3) {
    const statements = batch.flatMap(({ table, row }) => [
      "savepoint lay",
      insertion(table, row),
      "release savepoint lay"
    ]);
    const outcomes = await this.#session.batch(statements, { stopOnError: true }).catch((error) => {
      const index = error instanceof EngineLost ? error.index : null;
      if (index !== null) this.#onObject(batch[Math.floor(index / 3)]?.table.key ?? "");
      throw error;
    });
    let failed = null;
    for (let index = 0; index < batch.length; index += 1) {
      const outcome = outcomes[index * 3 + 1];
      const released = outcomes[index * 3 + 2];
      if (outcome?.ok && released?.ok) this.#keep(batch[index].table, user3, outcome);
      else {
        failed = index;
        break;
      }
    }
    if (failed !== null) await this.#session.exec("rollback to savepoint lay; release savepoint lay");
    return failed;
  }
  #keep(table, user3, outcome) {
    const stored = outcome.ok ? outcome.rows[0] : void 0;
    if (stored === void 0) return;
    const values = normalized(table, stored);
    this.#rows.set(`${table.key} ${user3.letter}`, { table, user: user3, values, key: keyColumns(table, values) });
  }
  /** One statement in a savepoint of its own. */
  async #try(sql, off) {
    const [, , outcome] = await this.#session.batch(["savepoint lay", off ? triggersOff : triggersOn, sql]);
    await this.#session.exec(
      outcome.ok ? `${triggersOn}; release savepoint lay` : "rollback to savepoint lay; release savepoint lay"
    );
    return outcome;
  }
  async #mend(table, user3, first, rowOf) {
    const row = { ...first };
    const turns = /* @__PURE__ */ new Map();
    const next = (column) => {
      const turn = (turns.get(column) ?? 0) + 1;
      turns.set(column, turn);
      const candidates = this.#values.candidates(table, column, { owner: user3.letter, turn: 0 });
      const later = this.#values.candidates(table, column, { owner: user3.letter, turn });
      const unused = [...candidates, ...later].filter((value2) => value2 !== row[column]);
      const nullable = table.columns.find((candidate) => candidate.name === column)?.notNull === false;
      if (nullable) unused.push(null);
      const value = unused[(turn - 1) % Math.max(1, unused.length)];
      if (value === void 0 || turn > unused.length + 1) return false;
      row[column] = value;
      return true;
    };
    let off = false;
    let reason = "no attempt succeeded";
    for (let attempt = 0; attempt < 24; attempt += 1) {
      const outcome = await this.#try(insertion(table, row), off);
      if (outcome.ok) {
        if (outcome.rows.length > 0) {
          this.#keep(table, user3, outcome);
          this.failures.delete(table.key);
          return;
        }
        reason = "a trigger dropped the row";
        if (off) break;
        off = true;
        continue;
      }
      const { error } = outcome;
      reason = describe(error);
      if (await this.#adopted(table, user3, row, error)) return;
      if (!await this.#change(table, user3, row, error, next, rowOf)) {
        if (off) break;
        off = true;
      }
    }
    this.failures.set(table.key, reason);
  }
  /** A trigger, or a sign-up, made the user's row already: that one is taken. */
  async #adopted(table, user3, row, error) {
    if (error.sqlstate !== "23505" || error.table !== table.name) return false;
    const columns = uniqueColumns(table, error.constraint);
    if (columns === null || columns.some((column) => row[column] == null)) return false;
    const owners = this.#ownership.ownersOf(table.key);
    const condition = columns.map((column) => `${name(column)} = ${literal(row[column])}`).join(" and ");
    const [found] = await this.#session.query(`select * from ${table.key} where ${condition} limit 1`);
    if (found === void 0) return false;
    if (owners.some((owner) => found[owner.column] !== null && found[owner.column] !== ownerValue(owner, user3)))
      return false;
    if (owners.length > 0 && owners.every((owner) => found[owner.column] === null)) return false;
    const wantedValue = (choice) => user3 === userB ? choice.closed : choice.natural;
    const closed = [...this.#planner.choices(table.key)].filter(
      ([column, choice]) => normalized(table, found)[column] !== wantedValue(choice)
    );
    if (closed.length > 0) {
      const set = closed.map(([column, choice]) => `${name(column)} = ${literal(wantedValue(choice))}`).join(", ");
      await this.#try(`update ${table.key} set ${set} where ${condition}`, true);
    }
    const [now] = await this.#session.query(`select * from ${table.key} where ${condition} limit 1`);
    const values = normalized(table, now ?? found);
    this.#rows.set(`${table.key} ${user3.letter}`, { table, user: user3, values, key: keyColumns(table, values) });
    this.failures.delete(table.key);
    return true;
  }
  async #change(table, user3, row, error, next, rowOf) {
    const own = error.table === null || error.table === table.name;
    const owners = new Set(this.#ownership.ownersOf(table.key).map((owner) => owner.column));
    const keyed = new Set(table.foreignKeys.flatMap((key) => key.columns));
    const free = (column) => !owners.has(column) && !keyed.has(column);
    switch (own ? error.sqlstate : "") {
      case "23502": {
        const column = error.column;
        if (column === null) return false;
        const key = table.foreignKeys.find((candidate) => candidate.columns.includes(column));
        const parent = key && rowOf(key.references, user3);
        if (key && parent) {
          row[column] = parent[key.referencedColumns[key.columns.indexOf(column)]] ?? null;
          return row[column] !== null;
        }
        return next(column);
      }
      case "23514": {
        if (/no partition of relation/.test(error.message)) {
          return (await this.#try(
            `create table ${name(table.schema)}.${name(`${table.name}_probe_default`)} partition of ${table.key} default`,
            false
          )).ok;
        }
        const check = table.checks.find((candidate) => candidate.name === error.constraint);
        if (check === void 0) {
          const ofType = table.columns.filter(
            (column) => error.message.includes(column.type.split(".").at(-1)) && free(column.name)
          );
          return ofType.some((column) => next(column.name));
        }
        const named = table.columns.map((column) => column.name).filter(
          (column) => new RegExp(`(^|[^\\w])"?${escapeRegExp(column)}"?([^\\w]|$)`).test(check.expression.text)
        );
        const people = named.filter((column) => owners.has(column) && row[column] != null);
        if (people.length > 1) {
          const last = people.find((column) => !this.#author(table, column)) ?? people.at(-1);
          const companion = companionOf(user3);
          const owner = this.#ownership.ownersOf(table.key).find((candidate) => candidate.column === last);
          if (row[last] === ownerValue(owner, companion)) return false;
          row[last] = ownerValue(owner, companion);
          return true;
        }
        for (const column of named.filter(free)) if (next(column)) return true;
        for (const column of named) {
          const nullable = table.columns.find((candidate) => candidate.name === column)?.notNull === false;
          if (nullable && row[column] !== null) {
            row[column] = null;
            return true;
          }
        }
        return false;
      }
      case "23505": {
        const columns = uniqueColumns(table, error.constraint) ?? [];
        return columns.filter((column) => free(column)).some((column) => next(column));
      }
      case "23P01":
        return table.exclusions.filter((key) => key.name === error.constraint).flatMap((key) => key.columns).filter(free).some((column) => next(column));
      case "23503": {
        const key = table.foreignKeys.find((candidate) => candidate.name === error.constraint);
        if (key === void 0) return false;
        if (key.columns.some((column) => table.columns.find((c) => c.name === column)?.notNull === false)) {
          for (const column of key.columns) {
            if (table.columns.find((c) => c.name === column)?.notNull === false) row[column] = null;
          }
          return true;
        }
        return false;
      }
      case "428C9": {
        const column = /column "(.*?)"/.exec(error.message)?.[1];
        if (column === void 0 || !(column in row)) return false;
        delete row[column];
        return true;
      }
    }
    if (error.where === null && /^22/.test(error.sqlstate)) {
      for (const column of table.columns) {
        const value = row[column.name];
        if (value != null && free(column.name) && error.message.includes(value)) return next(column.name);
      }
    }
    return false;
  }
  #author(table, column) {
    return this.#ownership.ownersOf(table.key).find((owner) => owner.column === column)?.author ?? true;
  }
  /** Reads every row again, after all triggers; sets owners right that a trigger set wrong; forgets rows that are gone. */
  async #readBack(tables, user3) {
    const rows = tables.flatMap((key) => this.row(key, user3) ?? []);
    const outcomes = await this.#session.batch(
      rows.map((row) => `select * from ${row.table.key} where ${whereIs(row)}`)
    );
    for (const [index, row] of rows.entries()) {
      const outcome = outcomes[index];
      const stored = outcome.ok ? outcome.rows[0] : void 0;
      if (stored === void 0) {
        this.#rows.delete(`${row.table.key} ${user3.letter}`);
        this.failures.set(row.table.key, "the row was gone after its triggers had run");
        continue;
      }
      const companion = companionOf(user3);
      const wrong = this.#ownership.ownersOf(row.table.key).filter((owner) => {
        const value = stored[owner.column];
        return value !== ownerValue(owner, user3) && value !== ownerValue(owner, companion) && owner.form === "plain" && !(value === null && row.values[owner.column] === null);
      });
      let values = normalized(row.table, stored);
      if (wrong.length > 0) {
        const set = wrong.map((owner) => `${name(owner.column)} = ${literal(ownerValue(owner, user3))}`).join(", ");
        const mended = await this.#try(
          `update ${row.table.key} set ${set} where ${whereIs(row)} returning *`,
          true
        );
        if (mended.ok && mended.rows[0]) values = normalized(row.table, mended.rows[0]);
      }
      this.#rows.set(`${row.table.key} ${user3.letter}`, {
        ...row,
        values,
        key: keyColumns(row.table, values)
      });
    }
  }
};
function normalized(table, row) {
  const booleans = table.columns.filter((column) => column.type === "boolean" && row[column.name] != null);
  if (booleans.length === 0) return row;
  const spelled = booleans.map((column) => [column.name, /^t/.test(row[column.name]) ? "true" : "false"]);
  return { ...row, ...Object.fromEntries(spelled) };
}
function insertion(table, row) {
  const columns = Object.keys(row);
  if (columns.length === 0) return `insert into ${table.key} default values returning *`;
  const overriding = table.columns.some((column) => column.identity === "always") ? " overriding system value" : "";
  return `insert into ${table.key} (${columns.map(name).join(", ")})${overriding} values (${columns.map((column) => literal(row[column])).join(", ")}) returning *`;
}
function keyColumns(table, values) {
  for (const key of [table.primaryKey, ...table.uniques]) {
    if (key?.columns.every((column) => values[column] != null)) return key.columns;
  }
  return table.columns.filter(
    (column) => values[column.name] != null && !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector|real|double)/.test(column.type)
  ).map((column) => column.name).slice(0, 6);
}
var whereIs = (row, key = row.key) => key.map((column) => `${name(column)} = ${literal(row.values[column] ?? null)}`).join(" and ") || "true";
function uniqueColumns(table, constraint) {
  if (table.primaryKey?.name === constraint) return table.primaryKey.columns;
  const key = table.uniques.find((candidate) => candidate.name === constraint);
  if (key) return key.columns;
  const index = table.indexes.find((candidate) => candidate.name === constraint);
  const columns = index?.columns.filter((column) => column !== null) ?? [];
  return columns.length > 0 ? columns : null;
}
var escapeRegExp = (text2) => text2.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// src/probes/escalation.ts
var triggersOff2 = `select set_config('session_replication_role', 'replica', true)`;
var triggersOn2 = `select set_config('session_replication_role', 'origin', true)`;
var user2 = signedIn(userA);
function prizesOf(object, cells) {
  return cells.filter((cell) => cell.via !== null && cell.when !== null && cell.principal === "user").filter((cell) => cell.when.startsWith("a row in ")).map((cell) => ({ opens: object, via: cell.via, cell }));
}
async function findEscalations(context, prizes) {
  const found = [];
  const vias = [...new Set(prizes.map((prize) => prize.via))].toSorted();
  for (const via of vias) {
    const table = context.state.tables.get(via);
    if (table === void 0 || !context.exposed.has(table.schema)) continue;
    const mine = prizes.filter((prize) => prize.via === via);
    found.push(...await byRank(context, table, mine));
    found.push(...await byMembership(context, table, mine));
  }
  return found;
}
async function within(context, run2) {
  const restore = context.world.mark();
  await context.session.exec("savepoint escalation");
  try {
    return await run2();
  } finally {
    restore();
    await context.session.exec("rollback to savepoint escalation; release savepoint escalation");
  }
}
async function asA(context, table, sql) {
  const outcomes = await context.session.batch([
    "savepoint attempt",
    become(user2, context.searchPath(table.schema)),
    sql,
    becomeAdmin
  ]);
  const outcome = outcomes[2];
  await context.session.exec(
    outcome.ok ? `${becomeAdmin}; release savepoint attempt` : "rollback to savepoint attempt; release savepoint attempt"
  );
  return { outcome, proof: { as: user2.label, sql, result: resultOf(outcome) } };
}
async function opened(context, prizes) {
  const seen2 = /* @__PURE__ */ new Set();
  for (const prize of prizes) {
    const attempt = prize.cell.proof.at(-1);
    if (seen2.has(attempt.sql)) continue;
    seen2.add(attempt.sql);
    const schema = prize.opens.split(".")[0].replaceAll('"', "");
    const outcomes = await context.session.batch([
      "savepoint prize",
      become(user2, context.searchPath(schema)),
      attempt.sql,
      "rollback to savepoint prize",
      "release savepoint prize"
    ]);
    const outcome = outcomes[2];
    const rows = outcome.ok ? Math.max(outcome.rows.length, outcome.affected) : 0;
    if (rows > 0)
      return { opens: prize.opens, proof: { as: user2.label, sql: attempt.sql, result: resultOf(outcome) } };
  }
  return null;
}
async function byRank(context, table, prizes) {
  const columns = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => rank.test(column) && choice.open.length > 0
  );
  const allowed = context.privileges("authenticated", "update", table.key);
  const found = [];
  for (const [column, choice] of columns) {
    if (allowed === null || !allowed.includes(column)) continue;
    const relevant = prizes.filter((prize) => prize.cell.when.includes(`${column} = `));
    if (relevant.length === 0) continue;
    for (const value of choice.open.slice(0, 4)) {
      const escalation = await within(context, async () => {
        await context.world.lay([...context.planner.ancestors(table.key), table.key], userA);
        const row = context.world.row(table.key, userA);
        if (row === void 0 || row.values[column] === value) return null;
        if (await opened(context, relevant) !== null) return null;
        const sql = `update ${table.key} set ${name(column)} = ${literal(value)} where ${whereIs(row)}`;
        const { outcome, proof } = await asA(context, table, sql);
        if (!outcome.ok || outcome.affected === 0) return null;
        const [stored] = await context.session.query(`select * from ${table.key} where ${whereIs(row)}`);
        if (stored === void 0 || normalized(table, stored)[column] !== value) return null;
        const prize = await opened(context, relevant);
        return prize === null ? null : { ...prize, proof: [proof, prize.proof] };
      });
      if (escalation !== null) {
        found.push({
          object: table.key,
          opens: escalation.opens,
          principal: "user",
          kind: "role-column",
          proof: escalation.proof
        });
        break;
      }
    }
  }
  return found;
}
async function byMembership(context, table, prizes) {
  const allowed = context.privileges("authenticated", "insert", table.key);
  if (allowed === null) return [];
  const owners = context.ownership.ownersOf(table.key);
  const tenants = table.foreignKeys.filter(
    (key) => key.references !== table.key && !key.columns.some((column) => owners.some((owner) => owner.column === column))
  );
  const ranks = [...context.planner.choices(table.key)].filter(
    ([column, choice]) => rank.test(column) && choice.open.length > 0
  );
  const scoped = tenants.some((key) => context.ownership.isOwned(key.references));
  const worth = prizes.filter(
    (prize) => scoped || prize.cell.subject === "foreign" || prize.cell.subject === "unowned"
  );
  if (worth.length === 0) return [];
  const tries = [
    {},
    ...ranks.flatMap(([column, choice]) => choice.open.slice(0, 3).map((value) => ({ [column]: value })))
  ];
  for (const rankValues of tries) {
    const escalation = await within(context, async () => {
      const { world, planner } = context;
      for (const of of [userA, userB]) await world.lay([...planner.ancestors(table.key), table.key], of);
      const a = world.row(table.key, userA);
      const b = world.row(table.key, userB);
      if (a === void 0 || b === void 0) return null;
      await context.session.exec(
        `${triggersOff2}; delete from ${table.key} where ${whereIs(a)}; ${triggersOn2}`
      );
      const reach = scoped ? foreignPrizes(context, worth) : worth;
      if (await opened(context, reach) !== null) return null;
      const parents = Object.fromEntries(
        tenants.filter((key) => context.ownership.isOwned(key.references)).flatMap((key) => key.columns.map((column) => [column, b.values[column] ?? null]))
      );
      const values = {
        ...a.values,
        ...parents,
        ...Object.fromEntries(
          owners.filter((owner) => owner.author).map((owner) => [owner.column, ownerValue(owner, userA)])
        ),
        ...openStates(context, table),
        ...rankValues
      };
      const columns = table.columns.filter(
        (column) => column.generated === null && column.identity === null && column.sequence === null && allowed.includes(column.name) && values[column.name] != null && (column.default === null || column.name in parents || column.name in rankValues || context.planner.choice(table.key, column.name) !== null || table.primaryKey?.columns.includes(column.name))
      );
      const sql = `insert into ${table.key} (${columns.map((column) => name(column.name)).join(", ")}) values (${columns.map((column) => literal(values[column.name])).join(", ")})`;
      const { outcome, proof } = await asA(context, table, sql);
      if (!outcome.ok || outcome.affected === 0) return null;
      const prize = await opened(context, reach);
      return prize === null ? null : { ...prize, proof: [proof, prize.proof] };
    });
    if (escalation !== null) {
      return [
        {
          object: table.key,
          opens: escalation.opens,
          principal: "user",
          kind: "membership",
          proof: escalation.proof
        }
      ];
    }
  }
  return [];
}
var openStates = (context, table) => Object.fromEntries(
  [...context.planner.choices(table.key)].filter(([column, choice]) => !rank.test(column) && choice.open.length > 0).map(([column, choice]) => [column, choice.open[0]])
);
function foreignPrizes(context, prizes) {
  return prizes.flatMap((prize) => {
    if (prize.cell.subject === "foreign" || prize.cell.subject === "unowned") return [prize];
    if (prize.cell.command !== "select") return [];
    const b = context.world.row(prize.opens, userB);
    if (b === void 0) return [];
    const sql = `select * from ${prize.opens} where ${whereIs(b)}`;
    return [{ ...prize, cell: { ...prize.cell, proof: [{ as: user2.label, sql, result: "" }] } }];
  });
}

// src/probes/markers.ts
function markersOf(world, state2, user3 = userB) {
  const others = /* @__PURE__ */ new Set();
  const found = /* @__PURE__ */ new Map();
  const other2 = user3 === userB ? userA : userB;
  for (const table of state2.tables.values()) {
    for (const value of Object.values(world.row(table.key, other2)?.values ?? {}))
      if (value !== null) others.add(value);
  }
  for (const key of [...state2.tables.keys()].toSorted()) {
    for (const value of Object.values(world.row(key, user3)?.values ?? {})) {
      if (value === null || value.length < 8 || others.has(value)) continue;
      if (!/[a-z]/i.test(value) || /^\d{4}-\d\d-\d\d/.test(value)) continue;
      const tables = found.get(value);
      if (tables === void 0) found.set(value, [key]);
      else if (!tables.includes(key)) tables.push(key);
    }
  }
  return [...found].map(([text2, tables]) => ({ text: text2, tables }));
}

// src/probes/summary.ts
var principals = ["anon", "user", "user-anonymous", "service_role"];
var commands = ["select", "insert", "update", "delete", "execute"];
function summarize(cells) {
  const summary = [];
  for (const principal of principals) {
    for (const command of commands) {
      const list = cells.filter((cell) => cell.principal === principal && cell.command === command);
      if (list.length > 0) summary.push({ principal, command, access: accessOf(list) });
    }
  }
  return summary;
}
var passes = (cell) => cell.outcome === "allowed" || cell.outcome === "constraint";
function accessOf(cells) {
  const open = cells.filter((cell) => passes(cell) && cell.subject !== "transfer");
  const always = open.filter((cell) => cell.when === null);
  const onlyUnowned = cells.every((cell) => cell.subject === "unowned");
  if (always.some(
    (cell) => cell.subject === "foreign" || cell.subject === "spoof" || onlyUnowned && cell.subject === "unowned"
  )) {
    return "all";
  }
  const unknown = cells.some((cell) => cell.outcome === "unknown" && cell.subject !== "transfer");
  if (open.some((cell) => cell.when !== null && cell.subject !== "own")) return "conditional";
  if (always.some((cell) => cell.subject === "own")) return "own";
  if (open.length > 0) return "conditional";
  return unknown ? "unknown" : "none";
}

// src/probes/attempt.ts
async function attemptAll(session, attempts) {
  if (attempts.length === 0) return [];
  const groups = /* @__PURE__ */ new Map();
  attempts.forEach((attempt, index) => {
    const before = [
      ...attempt.prepare ?? [],
      attempt.identity === null ? withClaims(attempt.controlClaims ?? {}) : become(attempt.identity, attempt.searchPath)
    ];
    const key = before.join(";");
    const group = groups.get(key);
    if (group) group.members.push(index);
    else groups.set(key, { before, members: [index] });
  });
  const statements = [];
  const at2 = [];
  for (const { before, members } of groups.values()) {
    statements.push("savepoint prepared");
    const range = [statements.length, statements.length + before.length];
    statements.push(...before, "savepoint probe");
    for (const index of members) {
      const attempt = attempts[index];
      const sql = statements.push(attempt.sql) - 1;
      const deferred = attempt.deferred ? statements.push("set constraints all immediate") - 1 : null;
      let stored = null;
      if (attempt.readBack !== void 0) {
        if (attempt.identity !== null) statements.push(becomeAdmin);
        stored = statements.push(attempt.readBack) - 1;
      }
      statements.push("rollback to savepoint probe");
      at2[index] = { before: range, sql, stored, deferred };
    }
    statements.push("rollback to savepoint prepared", "release savepoint prepared");
  }
  const outcomes = await session.batch(statements);
  return attempts.map((_, index) => {
    const { before, sql, stored, deferred } = at2[index];
    for (const prepared of outcomes.slice(...before)) {
      if (!prepared.ok) return { outcome: prepared, stored: null, unprepared: prepared.error.message };
    }
    const outcome = outcomes[sql];
    if (!outcome.ok) return { outcome, stored: null, unprepared: null };
    const later = deferred === null ? null : outcomes[deferred];
    if (later !== null && !later.ok) return { outcome: later, stored: null, unprepared: null };
    const rows = stored === null ? null : outcomes[stored];
    return { outcome, stored: rows?.ok ? rows.rows : null, unprepared: null };
  });
}

// src/probes/plpgsql.ts
function bodyExpressions(body) {
  const pieces = [];
  for (const part of split(withoutComments(body))) pieces.push(...read(part));
  return pieces;
}
var openers = /^(?:<<\w+>>|begin\b|declare\b|else\b|loop\b|exception\b|when\s+others\s+then\b|then\b)\s*/i;
function read(part) {
  let text2 = part.trim();
  for (let before = ""; before !== text2; ) {
    before = text2;
    text2 = text2.replace(openers, "").trim();
  }
  if (text2 === "") return [];
  const condition = /^(?:if|elsif|elseif|while|when)\b\s*(.*?)\s*\b(?:then|loop)\b\s*(.*)$/is.exec(text2);
  if (condition) return [...expression(condition[1]), ...read(condition[2])];
  const loop = /^for\s+(\w+)\s+in\s+(?:execute\s+)?(.*?)\s*\bloop\b\s*(.*)$/is.exec(text2);
  if (loop) return [...query(loop[2]), ...read(loop[3])];
  const returned = /^return\s+query\s+(.*)$/is.exec(text2);
  if (returned) return query(returned[1]);
  const value = /^return\s+(?!next\b)(.+)$/is.exec(text2);
  if (value) return expression(value[1]);
  const performed = /^perform\s+(.*)$/is.exec(text2);
  if (performed) return query(`select ${performed[1]}`);
  const assigned = /^([a-z_]\w*)(?:\s+(?:constant\s+)?[\w.[\]]+(?:\([\d, ]+\))?)?\s*(?::=|=|\bdefault\b)\s*(.+)$/is.exec(
    text2
  );
  if (assigned && !/^(?:select|with|update|insert|delete|raise)\b/i.test(text2)) {
    return expression(assigned[2]).map((piece) => ({ ...piece, into: [assigned[1]] }));
  }
  if (/^(?:select|with)\b/i.test(text2)) return query(text2);
  return [];
}
function query(text2) {
  const into = /\binto\s+(?:strict\s+)?([a-z_][\w.]*(?:\s*,\s*[a-z_][\w.]*)*)/i.exec(text2);
  if (into === null) return [{ sql: text2, into: [] }];
  const sql = `${text2.slice(0, into.index)} ${text2.slice(into.index + into[0].length)}`;
  return [{ sql, into: into[1].split(",").map((variable) => variable.trim()) }];
}
var expression = (text2) => [{ sql: `select ${text2}`, into: [] }];
function withoutComments(body) {
  return body.replace(
    /('(?:[^']|'')*')|--[^\n]*|\/\*.*?\*\//gs,
    (_, quoted) => quoted ?? " "
  );
}
function split(body) {
  const parts = [];
  let start2 = 0;
  let quote = null;
  for (let at2 = 0; at2 < body.length; at2 += 1) {
    const character = body[at2];
    if (quote !== null) {
      if (character === quote) quote = null;
    } else if (character === "'" || character === '"') {
      quote = character;
    } else if (character === ";") {
      parts.push(body.slice(start2, at2));
      start2 = at2 + 1;
    }
  }
  parts.push(body.slice(start2));
  return parts;
}

// src/probes/predicate.ts
var emptyReading = () => ({
  callers: [],
  values: [],
  claims: [],
  links: [],
  folders: [],
  tables: /* @__PURE__ */ new Set(),
  functions: /* @__PURE__ */ new Set(),
  unread: /* @__PURE__ */ new Set()
});
var deepest = 5;
var past = "2020-01-01 00:00:00+00";
var future = "2099-01-01 00:00:00+00";
function readPolicies(table, state2) {
  const reading = emptyReading();
  const reader = new PredicateReader(state2, reading);
  for (const policy of table.policies) {
    for (const expression2 of [policy.using, policy.check]) {
      if (expression2 !== null) reader.readPolicy(table, expression2.node ?? parseExpression(expression2.text));
    }
  }
  return reading;
}
var PredicateReader = class {
  #state;
  #reading;
  #bodies = /* @__PURE__ */ new Set();
  constructor(state2, reading) {
    this.#state = state2;
    this.#reading = reading;
  }
  readPolicy(table, node) {
    if (node === null) {
      this.#reading.unread.add(`a policy of ${table.key}`);
      return;
    }
    this.#condition(
      node,
      { sources: [{ alias: table.name, key: table.key }], outer: null, home: true, bindings: null },
      true,
      0
    );
  }
  readBody(routine, bindings, depth) {
    const scope = { sources: [], outer: null, bindings };
    if (routine.language === "sql") {
      const statements = parseStatements(routine.body);
      if (statements === null) this.#reading.unread.add(routine.key);
      for (const statement of statements ?? []) {
        if (statement.kind === "SelectStmt") this.#select(statement.node, scope, true, depth);
        else if (statement.kind === "ReturnStmt" && statement.node.returnval) {
          this.#condition(statement.node.returnval, scope, true, depth);
        }
      }
      return;
    }
    if (routine.language !== "plpgsql") {
      this.#reading.unread.add(routine.key);
      return;
    }
    for (const piece of bodyExpressions(routine.body)) {
      const [statement] = parseStatements(piece.sql) ?? [];
      if (statement?.kind !== "SelectStmt") {
        if (statement === void 0) this.#reading.unread.add(routine.key);
        continue;
      }
      const inner = this.#select(statement.node, scope, true, depth);
      piece.into.forEach((variable, index) => {
        const target2 = statement.node.targetList?.[index]?.ResTarget?.val;
        if (target2 !== void 0) bindings.set(variable, { node: target2, scope: inner });
      });
    }
  }
  /** Reads a query; gives the scope its target list stands in. */
  #select(select, outer, positive, depth) {
    const ctes = /* @__PURE__ */ new Set();
    for (const entry of select.withClause?.ctes ?? []) {
      const cte = entry.CommonTableExpr;
      ctes.add(cte.ctename);
      if (cte.ctequery?.SelectStmt) this.#select(cte.ctequery.SelectStmt, outer, positive, depth);
    }
    for (const side of [select.larg, select.rarg]) {
      if (side) this.#select(side.SelectStmt ?? side, outer, positive, depth);
    }
    const scope = { sources: [], outer, bindings: null };
    for (const from of select.fromClause ?? []) this.#from(from, scope, ctes, positive, depth);
    if (select.whereClause) this.#condition(select.whereClause, scope, positive, depth);
    if (select.havingClause) this.#condition(select.havingClause, scope, positive, depth);
    for (const target2 of select.targetList ?? []) {
      const value = target2.ResTarget?.val;
      if (value && !value.ColumnRef) this.#condition(value, scope, positive, depth);
    }
    return scope;
  }
  #from(node, scope, ctes, positive, depth) {
    if (node.RangeVar) {
      const { schemaname, relname, alias } = node.RangeVar;
      const key = schemaname === void 0 && ctes.has(relname) ? null : this.#relation(schemaname, relname);
      if (key !== null) this.#reading.tables.add(key);
      scope.sources.push({ alias: alias?.aliasname ?? relname, key });
    } else if (node.JoinExpr) {
      this.#from(node.JoinExpr.larg, scope, ctes, positive, depth);
      this.#from(node.JoinExpr.rarg, scope, ctes, positive, depth);
      if (node.JoinExpr.quals) this.#condition(node.JoinExpr.quals, scope, positive, depth);
      const sides = scope.sources.slice(-2);
      for (const column of node.JoinExpr.usingClause ?? []) {
        const [left, right] = sides;
        if (left?.key && right?.key) {
          const shared = column.String.sval;
          this.#reading.links.push({
            left: { table: left.key, column: shared },
            right: { table: right.key, column: shared }
          });
        }
      }
    } else if (node.RangeSubselect) {
      this.#select(node.RangeSubselect.subquery.SelectStmt, scope, positive, depth);
      scope.sources.push({ alias: node.RangeSubselect.alias?.aliasname ?? "", key: null });
    } else if (node.RangeFunction) {
      for (const list of node.RangeFunction.functions ?? []) {
        for (const item of list.List?.items ?? []) {
          if (item?.FuncCall) this.#call(item.FuncCall, scope, positive, depth);
        }
      }
      scope.sources.push({ alias: node.RangeFunction.alias?.aliasname ?? "", key: null });
    }
  }
  #condition(node, scope, positive, depth) {
    if (node.BoolExpr) {
      const inner = node.BoolExpr.boolop === "NOT_EXPR" ? !positive : positive;
      for (const arg of node.BoolExpr.args) this.#condition(arg, scope, inner, depth);
    } else if (node.A_Expr) {
      this.#comparison(node.A_Expr, scope, positive, depth);
    } else if (node.NullTest) {
      const isNull = node.NullTest.nulltesttype === "IS_NULL";
      const column = this.#column(node.NullTest.arg, scope);
      if (column !== null)
        this.#value(column, [isNull === positive ? null : any], [isNull === positive ? any : null]);
      else this.#condition(node.NullTest.arg, scope, positive, depth);
    } else if (node.BooleanTest) {
      const type = node.BooleanTest.booltesttype;
      const wants = (type === "IS_TRUE" || type === "IS_NOT_FALSE") === positive;
      this.#boolean(node.BooleanTest.arg, scope, wants, depth);
    } else if (node.ColumnRef) {
      this.#boolean(node, scope, positive, depth);
    } else if (node.SubLink) {
      this.#subLink(node.SubLink, scope, positive, depth);
    } else if (node.FuncCall) {
      this.#call(node.FuncCall, scope, positive, depth);
    } else if (node.CoalesceExpr) {
      for (const arg of node.CoalesceExpr.args ?? []) this.#condition(arg, scope, positive, depth);
    } else if (node.CaseExpr) {
      if (node.CaseExpr.arg) this.#condition(node.CaseExpr.arg, scope, positive, depth);
      for (const when of node.CaseExpr.args ?? []) {
        const { expr, result } = when.CaseWhen;
        if (node.CaseExpr.arg) this.#compare(node.CaseExpr.arg, expr, "=", scope, positive, depth);
        else this.#condition(expr, scope, positive, depth);
        this.#condition(result, scope, positive, depth);
      }
      if (node.CaseExpr.defresult) this.#condition(node.CaseExpr.defresult, scope, positive, depth);
    } else if (node.TypeCast) {
      this.#condition(node.TypeCast.arg, scope, positive, depth);
    } else if (node.A_Indirection) {
      this.#condition(node.A_Indirection.arg, scope, positive, depth);
    } else if (node.A_ArrayExpr) {
      for (const element of node.A_ArrayExpr.elements ?? []) this.#condition(element, scope, positive, depth);
    } else if (node.List) {
      for (const item of node.List.items ?? []) this.#condition(item, scope, positive, depth);
    } else if (node.RowExpr) {
      for (const arg of node.RowExpr.args ?? []) this.#condition(arg, scope, positive, depth);
    } else if (node.NamedArgExpr) {
      this.#condition(node.NamedArgExpr.arg, scope, positive, depth);
    }
  }
  #boolean(node, scope, wants, depth) {
    const column = this.#column(node, scope);
    if (column !== null) {
      if (this.#typeOf(column) === "boolean") this.#value(column, [String(wants)], [String(!wants)]);
      return;
    }
    const claim = this.#claim(node, scope);
    if (claim !== null) {
      this.#reading.claims.push({ path: claim, values: [String(wants)] });
      return;
    }
    if (!node.ColumnRef) this.#condition(node, scope, wants, depth);
  }
  #comparison(expression2, scope, positive, depth) {
    const operator = expression2.name?.at(-1)?.String?.sval ?? "";
    const { kind, lexpr, rexpr } = expression2;
    if (kind === "AEXPR_IN") {
      for (const item of rexpr?.List?.items ?? [])
        this.#compare(lexpr, item, operator, scope, positive, depth);
      return;
    }
    if (kind === "AEXPR_OP_ANY" || kind === "AEXPR_OP_ALL") {
      const list = strip(rexpr);
      const elements = list?.A_ArrayExpr?.elements ?? arrayLiteral(list);
      if (elements !== null) {
        for (const item of elements) this.#compare(lexpr, item, operator, scope, positive, depth);
        return;
      }
      const column = this.#column(rexpr, scope);
      const caller = this.#caller(lexpr, scope);
      if (column !== null && caller !== null) {
        this.#reading.callers.push({ ...column, caller, form: "array" });
        return;
      }
      this.#compare(lexpr, rexpr, operator, scope, positive, depth);
      return;
    }
    if (kind === "AEXPR_BETWEEN" || kind === "AEXPR_BETWEEN_SYM") {
      const [low, high] = rexpr?.List?.items ?? [];
      if (low) this.#compare(lexpr, low, ">=", scope, positive, depth);
      if (high) this.#compare(lexpr, high, "<=", scope, positive, depth);
      return;
    }
    if (kind === "AEXPR_DISTINCT") {
      this.#compare(lexpr, rexpr, "<>", scope, positive, depth);
      return;
    }
    if (kind === "AEXPR_NOT_DISTINCT") {
      this.#compare(lexpr, rexpr, "=", scope, positive, depth);
      return;
    }
    if (kind === "AEXPR_NULLIF") {
      this.#condition(lexpr, scope, positive, depth);
      return;
    }
    if (lexpr === void 0 || rexpr === void 0) {
      if (rexpr ?? lexpr) this.#condition(rexpr ?? lexpr, scope, positive, depth);
      return;
    }
    this.#compare(lexpr, rexpr, operator, scope, positive, depth);
  }
  #compare(left, right, operator, scope, positive, depth) {
    for (const [side, other2, op] of [
      [left, right, operator],
      [right, left, mirrored[operator] ?? operator]
    ]) {
      const column = this.#column(side, scope);
      if (column !== null) {
        const caller = this.#caller(other2, scope);
        if (caller !== null) {
          const form = op === "@>" || op === "&&" ? this.#typeOf(column)?.endsWith("[]") ? "array" : "json" : "plain";
          this.#reading.callers.push({ ...column, caller, form });
          return;
        }
        const value = constant(other2, (node) => this.#bound(node, scope));
        if (value !== void 0) {
          this.#atom(column, op, value, positive);
          return;
        }
        const linked = this.#column(other2, scope);
        if (linked !== null) {
          if (op === "=") this.#reading.links.push({ left: column, right: linked });
          return;
        }
      }
      const claim = this.#claim(side, scope);
      if (claim !== null) {
        const value = constant(other2, (node) => this.#bound(node, scope));
        if (typeof value === "string") {
          if (op === "=" || op === "<>" || op === "?" || op === "@>")
            this.#reading.claims.push({ path: claim, values: [value] });
          return;
        }
      }
      const folder = this.#folder(side, scope);
      if (folder !== null) {
        const caller = this.#caller(other2, scope);
        if (caller !== null) {
          this.#reading.callers.push({ ...folder.place, caller, form: "folder", folder: folder.index });
          return;
        }
        const fixed2 = constant(other2, (node) => this.#bound(node, scope));
        if (typeof fixed2 === "string") {
          if (op === "=") this.#reading.folders.push({ index: folder.index, is: { literal: fixed2 } });
          return;
        }
        const inside = this.#column(other2, scope);
        if (inside !== null) {
          this.#reading.folders.push({ index: folder.index, is: inside });
          return;
        }
      }
    }
    this.#condition(left, scope, positive, depth);
    this.#condition(right, scope, positive, depth);
  }
  #atom(column, operator, value, positive) {
    if (value === null) return;
    const time = value === "now()";
    const before = operator === "<" || operator === "<=";
    const after = operator === ">" || operator === ">=";
    let open = null;
    let closed = [any];
    if (time && (before || after)) {
      open = [before ? past : future];
      closed = [before ? future : past];
    } else if (operator === "=" || operator === "~~" || operator === "~~*" || operator === "@>" || operator === "&&") {
      open = [value.replaceAll("%", "x")];
      closed = this.#typeOf(column) === "boolean" ? [value === "true" ? "false" : "true"] : [other];
    } else if (operator === "<>" || operator === "!=") {
      closed = [value];
      open = this.#typeOf(column) === "boolean" ? [value === "true" ? "false" : "true"] : [other];
    } else if ((before || after) && /^-?\d+(\.\d+)?$/.test(value)) {
      const number = Number(value);
      open = [String(before ? number - (operator === "<" ? 1 : 0) : number + (operator === ">" ? 1 : 0))];
      closed = [String(before ? number + (operator === "<" ? 0 : 1) : number - (operator === ">" ? 0 : 1))];
    }
    if (open === null) return;
    if (positive) this.#value(column, open, closed);
    else this.#value(column, closed, open);
  }
  #value(column, open, closed) {
    const { table, column: at2, home } = column;
    this.#reading.values.push({ table, column: at2, open, closed, home });
  }
  #subLink(link, scope, positive, depth) {
    const select = link.subselect?.SelectStmt;
    if (!select) return;
    const inner = this.#select(select, scope, positive, depth);
    if (link.testexpr && (link.subLinkType === "ANY_SUBLINK" || link.subLinkType === "ALL_SUBLINK")) {
      const target2 = select.targetList?.[0]?.ResTarget?.val;
      if (target2 !== void 0) this.#pair(link.testexpr, scope, target2, inner, positive);
    } else if (link.subLinkType === "EXPR_SUBLINK" && select.fromClause === void 0) {
    }
  }
  /** `test in (select target …)`: both sides in scopes of their own. */
  #pair(test, scope, target2, inner, positive) {
    const left = this.#column(test, scope);
    const right = this.#column(target2, inner);
    if (left !== null && right !== null) {
      if (positive) this.#reading.links.push({ left, right });
      return;
    }
    const caller = this.#caller(test, scope);
    if (right !== null && caller !== null) this.#reading.callers.push({ ...right, caller, form: "plain" });
    const folder = this.#folder(test, scope);
    if (folder !== null && right !== null) this.#reading.folders.push({ index: folder.index, is: right });
  }
  #call(call2, scope, positive, depth) {
    const routine = this.#routine(call2);
    for (const arg of call2.args ?? []) {
      if (routine === null) this.#condition(arg, scope, positive, depth);
    }
    if (routine === null || depth >= deepest) return;
    this.#reading.functions.add(routine.key);
    if (platformSchemas2.has(routine.schema)) return;
    const bindings = /* @__PURE__ */ new Map();
    const inputs = routine.arguments.filter(
      (argument) => argument.mode !== "out" && argument.mode !== "table"
    );
    (call2.args ?? []).forEach((arg, index) => {
      const named = arg.NamedArgExpr;
      const bound = { node: named?.arg ?? arg, scope };
      const argument = named ? inputs.find((input) => input.name === named.name) : inputs[index];
      if (argument?.name) bindings.set(argument.name, bound);
      bindings.set(`$${named ? inputs.indexOf(argument) + 1 : index + 1}`, bound);
      if (argument?.name) bindings.set(`${routine.name}.${argument.name}`, bound);
    });
    const visit = `${routine.key} ${JSON.stringify(call2.args ?? [], (key, value) => key === "location" ? void 0 : value)}`;
    if (this.#bodies.has(visit)) return;
    this.#bodies.add(visit);
    this.readBody(routine, bindings, depth + 1);
  }
  // What a node is ---------------------------------------------------------------------------------------------------
  #bound(node, scope) {
    const bare2 = strip(node);
    const names2 = columnNames(bare2);
    const key = bare2?.ParamRef ? `$${bare2.ParamRef.number}` : names2?.join(".");
    if (key === void 0) return null;
    for (let at2 = scope; at2 !== null; at2 = at2.outer) {
      if (names2?.length === 1 && at2.sources.some((source) => this.#has(source.key, names2[0]))) return null;
      const bound = at2.bindings?.get(key) ?? at2.bindings?.get(names2?.[0] ?? "");
      if (bound) return bound;
    }
    return null;
  }
  #column(node, scope) {
    const bare2 = strip(unwrapCall(strip(node)));
    if (bare2?.SubLink?.subLinkType === "EXPR_SUBLINK") {
      const select = bare2.SubLink.subselect?.SelectStmt;
      const target2 = select?.targetList?.[0]?.ResTarget?.val;
      if (target2 && select.fromClause) {
        const inner = { sources: [], outer: scope, bindings: null };
        for (const from of select.fromClause) this.#from(from, inner, /* @__PURE__ */ new Set(), true, deepest);
        return this.#column(target2, inner);
      }
      return null;
    }
    const bound = this.#bound(bare2 ?? node, scope);
    if (bound !== null) return this.#column(bound.node, bound.scope);
    const names2 = columnNames(bare2);
    if (names2 === null) return null;
    const column = names2.at(-1);
    for (let at2 = scope; at2 !== null; at2 = at2.outer) {
      if (names2.length > 1) {
        const source = at2.sources.find((candidate) => candidate.alias === names2.at(-2));
        if (source) return source.key === null ? null : { table: source.key, column, home: at2.home === true };
      } else {
        const source = at2.sources.find((candidate) => this.#has(candidate.key, column));
        if (source) return { table: source.key, column, home: at2.home === true };
      }
    }
    return null;
  }
  #caller(node, scope) {
    const bare2 = strip(unwrapCall(strip(node)));
    if (bare2 === void 0) return null;
    const bound = this.#bound(bare2, scope);
    if (bound !== null) return this.#caller(bound.node, bound.scope);
    if (bare2.SubLink?.subLinkType === "EXPR_SUBLINK") {
      const select = bare2.SubLink.subselect?.SelectStmt;
      if (select?.fromClause === void 0) {
        const target2 = select?.targetList?.[0]?.ResTarget?.val;
        return target2 ? this.#caller(target2, scope) : null;
      }
      return null;
    }
    if (bare2.FuncCall) {
      const called = names(bare2.FuncCall.funcname).join(".");
      if (called === "auth.uid") return { kind: "uid" };
      if (called === "auth.email") return { kind: "email" };
      if ((bare2.FuncCall.args ?? []).length === 0) {
        const routine = this.#routine(bare2.FuncCall);
        if (routine !== null && !platformSchemas2.has(routine.schema)) {
          this.#call(bare2.FuncCall, scope, true, deepest - 1);
          return { kind: "function", key: routine.key };
        }
      }
    }
    const claim = this.#claim(bare2, scope);
    if (claim === null) return null;
    const path = claim.join(".");
    if (path === "sub") return { kind: "uid" };
    if (path === "email") return { kind: "email" };
    if (path === "phone") return { kind: "phone" };
    return { kind: "claim", path: claim };
  }
  /** Path of a claim: `auth.jwt() -> 'app_metadata' ->> 'role'`. */
  #claim(node, scope) {
    const bare2 = strip(unwrapCall(strip(node)));
    if (bare2 === void 0) return null;
    const bound = this.#bound(bare2, scope);
    if (bound !== null) return this.#claim(bound.node, bound.scope);
    if (bare2.SubLink?.subLinkType === "EXPR_SUBLINK") {
      const select = bare2.SubLink.subselect?.SelectStmt;
      const target2 = select?.fromClause === void 0 ? select?.targetList?.[0]?.ResTarget?.val : void 0;
      return target2 ? this.#claim(target2, scope) : null;
    }
    if (bare2.A_Expr?.kind === "AEXPR_OP") {
      const operator = bare2.A_Expr.name?.at(-1)?.String?.sval;
      const key = constant(bare2.A_Expr.rexpr, () => null);
      if (typeof key !== "string") return null;
      if (operator === "->" || operator === "->>") {
        const parent = this.#claimRoot(bare2.A_Expr.lexpr, scope) ? [] : this.#claim(bare2.A_Expr.lexpr, scope);
        return parent === null ? null : [...parent, key];
      }
      if (operator === "#>" || operator === "#>>") {
        if (!this.#claimRoot(bare2.A_Expr.lexpr, scope)) return null;
        return key.replace(/^\{|\}$/g, "").split(",");
      }
    }
    if (bare2.FuncCall) {
      const called = names(bare2.FuncCall.funcname).join(".");
      if (called === "auth.role") return ["role"];
      if (called === "current_setting") {
        const setting = constant(bare2.FuncCall.args?.[0], () => null);
        if (typeof setting === "string")
          return /^request\.jwt\.claim\.(.+)$/.exec(setting)?.slice(1, 2) ?? null;
      }
    }
    return null;
  }
  #claimRoot(node, scope) {
    const bare2 = strip(unwrapCall(strip(node)));
    if (bare2 === void 0) return false;
    const bound = this.#bound(bare2, scope);
    if (bound !== null) return this.#claimRoot(bound.node, bound.scope);
    if (bare2.SubLink?.subLinkType === "EXPR_SUBLINK") {
      const target2 = bare2.SubLink.subselect?.SelectStmt?.targetList?.[0]?.ResTarget?.val;
      return target2 ? this.#claimRoot(target2, scope) : false;
    }
    if (!bare2.FuncCall) return false;
    const called = names(bare2.FuncCall.funcname).join(".");
    if (called === "auth.jwt") return true;
    return called === "current_setting" && constant(bare2.FuncCall.args?.[0], () => null) === "request.jwt.claims";
  }
  /** `(storage.foldername(name))[n]`, `split_part(name, '/', n)`: the column whose folder it is. */
  #folder(node, scope) {
    const bare2 = strip(unwrapCall(strip(node)));
    if (bare2 === void 0) return null;
    const bound = this.#bound(bare2, scope);
    if (bound !== null) return this.#folder(bound.node, bound.scope);
    const call2 = bare2.A_Indirection ? strip(bare2.A_Indirection.arg)?.FuncCall : bare2.FuncCall;
    const called = call2 ? names(call2.funcname).at(-1) : void 0;
    if (called !== "foldername" && called !== "split_part" && called !== "string_to_array") return null;
    const place = this.#column(call2.args[0], scope);
    const at2 = bare2.A_Indirection ? bare2.A_Indirection.indirection?.[0]?.A_Indices?.uidx : call2.args[2];
    return place === null ? null : { place, index: Number(constant(at2, () => null) ?? 1) };
  }
  #relation(schema, relation) {
    const find = (inSchema) => {
      for (const map of [this.#state.tables, this.#state.views]) {
        for (const object of map.values()) {
          if (object.schema === inSchema && object.name === relation) return object.key;
        }
      }
      return null;
    };
    return schema === void 0 ? find("public") : find(schema);
  }
  #routine(call2) {
    const path = names(call2.funcname);
    const count = (call2.args ?? []).length;
    const candidates = this.#routinesByName(path.at(-1)).filter(
      (routine) => path.length === 1 || routine.schema === path[0]
    );
    return candidates.find((routine) => routine.arguments.filter((a) => a.mode === "in").length === count) ?? candidates[0] ?? null;
  }
  #byName = null;
  #routinesByName(routine) {
    if (this.#byName === null) {
      this.#byName = /* @__PURE__ */ new Map();
      for (const candidate of this.#state.routines.values()) {
        const list = this.#byName.get(candidate.name);
        if (list) list.push(candidate);
        else this.#byName.set(candidate.name, [candidate]);
      }
    }
    return this.#byName.get(routine) ?? [];
  }
  #has(key, column) {
    if (key === null) return false;
    const table = this.#state.tables.get(key);
    if (table) return table.columns.some((candidate) => candidate.name === column);
    return this.#state.views.get(key)?.columns.includes(column) ?? false;
  }
  #typeOf(place) {
    return this.#state.tables.get(place.table)?.columns.find((column) => column.name === place.column)?.type;
  }
};
var any = "\0any";
var other = "\0other";
var platformSchemas2 = /* @__PURE__ */ new Set([
  "auth",
  "storage",
  "realtime",
  "vault",
  "extensions",
  "pg_catalog",
  "pgmq",
  "cron"
]);
var mirrored = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };
var names = (list) => (list ?? []).map((item) => item.String?.sval ?? "");
function columnNames(node) {
  const fields = node?.ColumnRef?.fields;
  if (fields === void 0 || fields.some((field) => field.String === void 0)) return null;
  return fields.map((field) => field.String.sval);
}
function strip(node) {
  let bare2 = node;
  while (bare2?.TypeCast || bare2?.CollateClause) bare2 = bare2.TypeCast?.arg ?? bare2.CollateClause?.arg;
  return bare2;
}
var transparent = /* @__PURE__ */ new Set(["lower", "upper", "trim", "btrim", "nullif", "to_jsonb", "quote_literal"]);
function unwrapCall(node) {
  if (node?.CoalesceExpr) return node.CoalesceExpr.args?.[0];
  if (node?.A_Expr?.kind === "AEXPR_NULLIF") return unwrapCall(strip(node.A_Expr.lexpr));
  if (node?.FuncCall && transparent.has(names(node.FuncCall.funcname).at(-1))) {
    return unwrapCall(strip(node.FuncCall.args?.[0]));
  }
  return node;
}
function constant(node, bound) {
  const bare2 = strip(unwrapCall(strip(node)));
  if (bare2 === void 0) return void 0;
  if (bare2.A_Const) {
    const { sval, ival, fval, boolval, isnull } = bare2.A_Const;
    if (isnull) return null;
    if (sval) return sval.sval ?? "";
    if (ival) return String(ival.ival ?? 0);
    if (fval) return fval.fval;
    if (boolval) return String(boolval.boolval ?? false);
    return void 0;
  }
  if (bare2.SQLValueFunction) {
    return /CURRENT_(DATE|TIME)|LOCALTIME/.test(bare2.SQLValueFunction.op) ? "now()" : void 0;
  }
  if (bare2.FuncCall) {
    const called = names(bare2.FuncCall.funcname).at(-1);
    if (["now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timezone"].includes(called))
      return "now()";
    return void 0;
  }
  if (bare2.A_Expr?.kind === "AEXPR_OP" && ["+", "-"].includes(bare2.A_Expr.name?.at(-1)?.String?.sval)) {
    return constant(bare2.A_Expr.lexpr, bound) === "now()" ? "now()" : void 0;
  }
  const through = bound(bare2);
  return through === null ? void 0 : constant(through.node, () => null);
}
function arrayLiteral(node) {
  const text2 = node?.A_Const?.sval?.sval;
  if (typeof text2 !== "string" || !/^\{.*\}$/s.test(text2)) return null;
  return text2.slice(1, -1).split(",").map((element) => ({ A_Const: { sval: { sval: element.replace(/^"|"$/g, "") } } }));
}

// src/probes/plan.ts
function createPlanner(state2, readings, ownership, values, absent) {
  const atoms = /* @__PURE__ */ new Map();
  const links = /* @__PURE__ */ new Map();
  for (const reading of readings.values()) {
    for (const atom of reading.values) push(atoms, `${atom.table}.${atom.column}`, atom);
    for (const { left, right } of reading.links) {
      push(links, `${left.table}.${left.column}`, right);
      push(links, `${right.table}.${right.column}`, left);
    }
  }
  const parentsOf = (table) => {
    const parents2 = table.foreignKeys.map((key) => ({
      columns: key.columns,
      references: key.references,
      referenced: key.referencedColumns,
      strong: key.columns.every(
        (name2) => table.columns.find((column) => column.name === name2)?.notNull === true
      )
    }));
    const bound = new Set(parents2.flatMap((parent) => parent.columns));
    const own = /* @__PURE__ */ new Set([
      ...ownership.ownersOf(table.key).map((owner) => owner.column),
      ...table.primaryKey?.columns ?? []
    ]);
    for (const column of table.columns) {
      if (bound.has(column.name) || own.has(column.name)) continue;
      for (const link of links.get(`${table.key}.${column.name}`) ?? []) {
        const target2 = state2.tables.get(link.table);
        const keyed = target2?.primaryKey?.columns.length === 1 && target2.primaryKey.columns[0] === link.column;
        const other2 = target2?.columns.find((candidate) => candidate.name === link.column);
        if (target2 && keyed && target2.key !== table.key && other2?.type === column.type) {
          parents2.push({
            columns: [column.name],
            references: target2.key,
            referenced: [link.column],
            strong: false
          });
          break;
        }
      }
    }
    return parents2;
  };
  const parents = new Map([...state2.tables.values()].map((table) => [table.key, parentsOf(table)]));
  const order = sortTables(state2, parents);
  const choiceCache = /* @__PURE__ */ new Map();
  const choice = (tableKey, name2) => {
    const id = `${tableKey}.${name2}`;
    const cached = choiceCache.get(id);
    if (cached !== void 0) return cached;
    const table = state2.tables.get(tableKey);
    const column = table?.columns.find((candidate) => candidate.name === name2);
    const found = table && column && column.generated === null && !isKeyOrOwner(table, name2) ? choose(table, column, atoms.get(id) ?? [], values) : null;
    choiceCache.set(id, found);
    return found;
  };
  const isKeyOrOwner = (table, name2) => table.primaryKey?.columns.includes(name2) === true || ownership.ownersOf(table.key).some((owner) => owner.column === name2) || parents.get(table.key).some((parent) => parent.columns.includes(name2));
  const ancestorsCache = /* @__PURE__ */ new Map();
  const ancestors = (key) => {
    const cached = ancestorsCache.get(key);
    if (cached) return cached;
    const set = /* @__PURE__ */ new Set();
    ancestorsCache.set(key, set);
    for (const parent of parents.get(key) ?? []) {
      if (parent.references === key || !state2.tables.has(parent.references)) continue;
      if (!parent.strong && absent.has(parent.references)) continue;
      for (const further of ancestors(parent.references)) set.add(further);
      set.add(parent.references);
    }
    return set;
  };
  return {
    order,
    ancestors,
    choice,
    choices(key) {
      const found = /* @__PURE__ */ new Map();
      for (const column of state2.tables.get(key)?.columns ?? []) {
        const value = choice(key, column.name);
        if (value !== null) found.set(column.name, value);
      }
      return found;
    },
    plan(table, user3, rowOf, options = {}) {
      const turn = options.turn ?? 0;
      const seed = { owner: user3.letter, turn };
      const row = {};
      const owners = ownership.ownersOf(table.key);
      const keyed = parents.get(table.key);
      for (const column of table.columns) {
        if (column.generated !== null || options.left?.has(column.name)) continue;
        const owner = owners.find((candidate) => candidate.column === column.name);
        const parent = keyed.find((candidate) => candidate.columns.includes(column.name));
        if (owner) {
          row[column.name] = ownerValue(owner, user3);
        } else if (parent) {
          if (parent.references === table.key) {
            const at2 = parent.columns.indexOf(column.name);
            if (column.notNull) row[column.name] = row[parent.referenced[at2]] ?? null;
            continue;
          }
          if (parent.references === "auth.users") {
            row[column.name] = user3.id;
            continue;
          }
          if (!column.notNull && absent.has(parent.references)) continue;
          if (!state2.tables.has(parent.references)) continue;
          const known = rowOf(parent.references, user3);
          if (known === void 0) {
            if (column.notNull) return { missing: parent.references };
            continue;
          }
          row[column.name] = known[parent.referenced[parent.columns.indexOf(column.name)]] ?? null;
        } else {
          const value = plainValue(table, column, seed);
          if (value !== void 0) row[column.name] = value;
        }
      }
      return row;
      function plainValue(of, column, at2) {
        const picked = choice(of.key, column.name);
        if (picked !== null) return user3 === userB ? picked.closed : picked.natural;
        const unique = isUnique(of, column.name);
        const first = () => values.candidates(of, column.name, at2)[0] ?? null;
        if (unique || column.identity !== null || column.sequence !== null) return first();
        if (column.default !== null) return void 0;
        if (column.notNull) return first();
        const checked = of.checks.some((check) => check.expression.text.includes(column.name));
        return /^(text|character varying|citext)/.test(column.type) && !checked ? first() : void 0;
      }
    }
  };
  function choose(table, column, list, source) {
    if (list.length === 0) return null;
    const generic = source.candidates(table, column.name, { owner: "A", turn: 0 });
    const later = source.candidates(table, column.name, { owner: "A", turn: 1 });
    const explicit = list.flatMap((atom) => [...atom.open, ...atom.closed]).filter((value) => value !== any && value !== other);
    const allowed = allowedValues(table, column, state2, source);
    const pool = [
      .../* @__PURE__ */ new Set([
        defaultOf(column),
        ...explicit,
        ...allowed ?? [...generic.slice(0, 2), ...later.slice(0, 1)]
      ])
    ].filter(
      (value) => value !== void 0 && (value === null ? !column.notNull : allowed === null || allowed.includes(value)) && fitsType(value, column.type)
    );
    if (pool.length === 0) return null;
    const score = (value) => list.filter((atom) => satisfies(value, atom)).length;
    const byScore = pool.map((value, index) => ({ value, score: score(value), index }));
    const closed = byScore.toSorted((a, b) => a.score - b.score || a.index - b.index)[0];
    const open = byScore.filter((entry) => entry !== closed && entry.score > closed.score).toSorted((a, b) => b.score - a.score || a.index - b.index).map((entry) => entry.value);
    const usual = defaultOf(column);
    const nullIsOpen = usual === null && list.some((atom) => atom.open.includes(null));
    const natural = rank.test(column.name) || opening.test(column.name) ? closed.value : usual !== void 0 && (usual !== null || nullIsOpen) && pool.includes(usual) ? usual : open[0] ?? closed.value;
    return { closed: closed.value, natural, open };
  }
}
var opening = /public|publish|visib|shared|listed|searchable|discoverable/i;
function satisfies(value, atom) {
  if (atom.open.includes(value)) return true;
  if (atom.closed.includes(value)) return false;
  return value !== null && (atom.open.includes(any) || atom.open.includes(other));
}
function allowedValues(table, column, state2, values) {
  const type = [...state2.types.values()].find(
    (candidate) => candidate.key === column.type || candidate.schema === "public" && candidate.name === column.type
  );
  if (type?.kind === "enum") return type.values;
  if (column.type === "boolean") return ["false", "true"];
  const mentions = table.checks.some(
    (check) => check.expression.text.includes(column.name) && /\b(ANY|IN)\b/i.test(check.expression.text)
  );
  if (!mentions) return null;
  const members = /* @__PURE__ */ new Set();
  for (let turn = 0; turn < 24; turn += 1) {
    const first = values.candidates(table, column.name, { owner: "A", turn })[0];
    if (members.has(first)) break;
    members.add(first);
  }
  return [...members];
}
function fitsType(value, type) {
  if (value === null) return true;
  if (/^(smallint|integer|bigint|numeric|real|double)/.test(type)) return /^-?\d+(\.\d+)?$/.test(value);
  if (type === "uuid") return /^[0-9a-f-]{36}$/i.test(value);
  if (/^(timestamp|date)/.test(type)) return /^\d{4}-/.test(value);
  if (type === "boolean") return value === "true" || value === "false";
  if (type.endsWith("[]")) return value.startsWith("{");
  if (/^jsonb?$/.test(type)) return /^[[{"\d]|^(true|false|null)$/.test(value);
  return true;
}
function defaultOf(column) {
  const text2 = column.default?.text;
  if (text2 === void 0) return column.notNull ? void 0 : null;
  const quoted = /^'((?:[^']|'')*)'(?:::.*)?$/s.exec(text2);
  if (quoted) return quoted[1].replaceAll("''", "'");
  if (/^(true|false)$/i.test(text2)) return text2.toLowerCase();
  if (/^-?\d+(\.\d+)?$/.test(text2)) return text2;
  return void 0;
}
function isUnique(table, column) {
  return table.primaryKey?.columns.includes(column) === true || table.uniques.some((key) => key.columns.includes(column)) || table.indexes.some((index) => index.unique && index.columns.includes(column));
}
function sortTables(state2, parents) {
  const order = [];
  const seen2 = /* @__PURE__ */ new Map();
  const visit = (key) => {
    if (seen2.has(key)) return;
    seen2.set(key, "open");
    for (const strong of [true, false]) {
      for (const parent of parents.get(key) ?? []) if (parent.strong === strong) visit(parent.references);
    }
    seen2.set(key, "done");
    if (state2.tables.has(key)) order.push(key);
  };
  for (const key of [...state2.tables.keys()].toSorted()) visit(key);
  return order;
}
function push(map, key, item) {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}

// src/probes/table.ts
var triggersOff3 = `select set_config('session_replication_role', 'replica', true)`;
var triggersOn3 = `select set_config('session_replication_role', 'origin', true)`;
function casesOf(context, subjects, identities3, choose = /* @__PURE__ */ new Map()) {
  return identities3.flatMap((identity) => [
    ...selects(context, subjects, identity),
    ...inserts(context, subjects, identity, choose),
    ...updates(context, subjects, identity),
    ...deletes(context, subjects, identity)
  ]);
}
async function probeCases(context, cases) {
  const { session } = context;
  const attempted = await attemptAll(
    session,
    cases.map((entry) => entry.attempt)
  );
  const verdicts = cases.map((entry, index) => judged(entry, attempted[index]));
  const returning = [];
  const controls = [];
  cases.forEach((entry, index) => {
    const { outcome } = verdicts[index];
    if (entry.command === "select") return;
    if (outcome === "allowed" && entry.returning !== null) returning.push(index);
    if (outcome === "filtered" || outcome === "error") controls.push(index);
  });
  const controlOf = (index) => ({
    ...cases[index].attempt,
    identity: null,
    controlClaims: cases[index].identity.claims
  });
  const followed = await attemptAll(session, [
    ...returning.map((index) => {
      const { readBack: _, ...attempt } = cases[index].attempt;
      return { ...attempt, deferred: false, sql: cases[index].returning };
    }),
    ...controls.map(controlOf)
  ]);
  const representation = new Map(returning.map((index, at2) => [index, followed[at2].outcome.ok]));
  const controlled = new Map(controls.map((index, at2) => [index, followed[returning.length + at2]]));
  const works = (index, answer) => {
    const { outcome } = judged(cases[index], answer);
    return outcome === "allowed" || outcome === "constraint";
  };
  const refused = controls.filter((index) => !works(index, controlled.get(index)));
  const bare2 = await attemptAll(
    session,
    refused.map((index) => {
      const control = controlOf(index);
      return { ...control, prepare: [...control.prepare ?? [], triggersOff3] };
    })
  );
  const withoutTriggers = new Map(refused.map((index, at2) => [index, bare2[at2]]));
  return cases.map((entry, index) => {
    const verdict = verdicts[index];
    let { outcome, reason } = verdict;
    const proof = [
      { as: entry.identity.label, sql: entry.attempt.sql, result: resultText(entry, attempted[index]) }
    ];
    const control = controlled.get(index);
    if (control !== void 0) {
      const second = withoutTriggers.get(index);
      const answer = second !== void 0 && works(index, second) ? second : control;
      proof.push({
        as: answer === second ? "superuser, triggers off (control)" : "superuser (control)",
        sql: entry.attempt.sql,
        result: resultText(entry, answer)
      });
      if (!works(index, answer)) {
        reason = `the control did not work either: ${resultText(entry, control)}`;
        outcome = "unknown";
      }
    }
    return {
      principal: entry.identity.principal,
      command: entry.command,
      subject: entry.subject,
      outcome,
      columns: verdict.columns ?? entry.columns,
      representation: representation.get(index) ?? true,
      when: null,
      via: null,
      proof,
      reason
    };
  });
}
function judged(entry, attempted) {
  if (attempted.unprepared !== null) return { outcome: "unknown", reason: attempted.unprepared };
  return entry.judge(attempted);
}
function resultText(entry, attempted) {
  if (attempted.unprepared !== null) return `not run: ${attempted.unprepared}`;
  if (entry.command === "select" && attempted.outcome.ok) {
    return entry.judge(attempted).outcome === "allowed" ? "1 row" : "0 rows";
  }
  return resultOf(attempted.outcome);
}
var hasTriggers = (table) => table.triggers.some((trigger) => trigger.enabled);
function selects(context, subjects, identity) {
  const { table } = context;
  const readable = context.privileges(identity.role, "select", table.key) ?? [];
  return rowsFor(context, subjects, identity).map(({ subject, row }) => {
    const key = row.key.every((column) => readable.includes(column)) ? row.key : readableKey(row, readable);
    const all = readable.length === 0 || readable.length === table.columns.length;
    const list = all ? "*" : readable.map(name).join(", ");
    return {
      identity,
      command: "select",
      subject,
      columns: all ? [] : readable,
      attempt: {
        identity,
        searchPath: context.searchPath,
        sql: `select ${list} from ${table.key} where ${whereIs(row, key)}`
      },
      returning: null,
      judge: ({ outcome }) => {
        if (!outcome.ok) return verdictOf(outcome.error, table, "select");
        return { outcome: outcome.rows.length > 0 ? "allowed" : "filtered", reason: null };
      }
    };
  });
}
function readableKey(row, readable) {
  if (readable.length === 0) return row.key;
  const usable = row.table.columns.filter(
    (column) => readable.includes(column.name) && row.values[column.name] != null && !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector)/.test(column.type)
  );
  return usable.length > 0 ? usable.map((column) => column.name) : row.key;
}
function rowsFor(context, subjects, identity) {
  const rows = [];
  const owned = context.ownership.isOwned(context.table.key);
  if (owned && identity.role === "authenticated" && subjects.a)
    rows.push({ subject: "own", row: subjects.a });
  if (owned && subjects.b) rows.push({ subject: "foreign", row: subjects.b });
  if (!owned && subjects.b) rows.push({ subject: "unowned", row: subjects.b });
  if (owned && subjects.unowned) rows.push({ subject: "unowned", row: subjects.unowned });
  return rows;
}
function inserts(context, subjects, identity, choose) {
  const { table, ownership } = context;
  const { a, b } = subjects;
  const found = [];
  const owners = ownership.ownersOf(table.key).filter((owner) => owner.author);
  const add = (subject, values, expected) => found.push(insertCase(context, identity, subject, values, expected, subjects, choose));
  if (!ownership.isOwned(table.key)) {
    const row = b ?? a;
    if (row) add("unowned", row.values, {});
    return found;
  }
  if (identity.role === "authenticated" && a) add("own", a.values, {});
  const base = a ?? b;
  if (owners.length > 0 && base) {
    const spoofed = Object.fromEntries(owners.map((owner) => [owner.column, ownerValue(owner, userB)]));
    add("spoof", { ...base.values, ...spoofed }, spoofed);
    const looked = owners.filter((owner) => context.compared.has(owner.column));
    if (identity.role === "authenticated" && looked.length > 1) {
      for (const owner of looked) {
        const one = { [owner.column]: spoofed[owner.column] };
        add("spoof", { ...base.values, ...one }, one);
      }
    }
    if (identity.role !== "service_role" && owners.every((owner) => owner.nullable)) {
      const without2 = Object.fromEntries(
        ownership.ownersOf(table.key).filter((owner) => owner.nullable).map((owner) => [owner.column, null])
      );
      add("unowned", { ...base.values, ...without2 }, {});
    }
  } else if (b && ownership.columnsOf(table.key).length === 0) {
    if (identity.role !== "authenticated") add("unowned", b.values, {});
  } else if (b) {
    const parents = Object.fromEntries(
      ownership.columnsOf(table.key).map((column) => [column, b.values[column] ?? null])
    );
    add("spoof", b.values, parents);
  }
  return found;
}
function insertCase(context, identity, subject, values, expected, subjects, choose) {
  const { table, ownership } = context;
  const allowed = context.privileges(identity.role, "insert", table.key);
  const owners = new Set(ownership.ownersOf(table.key).map((owner) => owner.column));
  const keyed = new Set(table.foreignKeys.flatMap((key2) => key2.columns));
  const primary = new Set(table.primaryKey?.columns ?? []);
  const sent = {};
  for (const column of table.columns) {
    const { name: at2 } = column;
    if (column.generated !== null || column.identity !== null || column.sequence !== null) continue;
    const chosen = choose.get(at2);
    if (chosen !== void 0) {
      sent[at2] = chosen;
      continue;
    }
    if (allowed !== null && !allowed.includes(at2)) continue;
    const fresh = primary.has(at2) && primary.size === 1 && !owners.has(at2) && !keyed.has(at2) && values[at2] != null ? context.values.candidates(table, at2, {
      owner: identity.role === "authenticated" ? "A" : "B",
      turn: 9
    })[0] : void 0;
    const value = fresh ?? values[at2] ?? null;
    const needed = primary.has(at2) || owners.has(at2) || keyed.has(at2) || column.default === null;
    if (needed && (value !== null || owners.has(at2))) sent[at2] = value;
  }
  const columns = Object.keys(sent);
  const key = insertedKey(table, sent, values);
  const statement = columns.length === 0 ? `insert into ${table.key} default values` : `insert into ${table.key} (${columns.map(name).join(", ")}) values (${columns.map((at2) => literal(sent[at2])).join(", ")})`;
  const inTheWay = [subjects.a, subjects.b].filter((row) => row !== void 0);
  return {
    identity,
    command: "insert",
    subject,
    columns: Object.keys(expected).length > 0 ? Object.keys(expected) : [],
    attempt: {
      identity,
      searchPath: context.searchPath,
      // The rows laid before go first: the same values fit again, whatever is unique.
      prepare: [
        triggersOff3,
        `delete from ${table.key} where ${inTheWay.map((row) => `(${whereIs(row)})`).join(" or ") || "false"}`,
        triggersOn3
      ],
      sql: statement,
      deferred: context.deferred,
      ...hasTriggers(table) && { readBack: `select * from ${table.key} where ${key}` }
    },
    returning: `${statement} returning ${returningList(context, identity)}`,
    judge: ({ outcome, stored }) => {
      if (!outcome.ok) return verdictOf(outcome.error, table, "insert");
      const last = stored?.at(-1);
      const row = last && normalized(table, last);
      if (outcome.affected === 0 || row === void 0 && stored !== null) {
        return { outcome: "filtered", reason: "no row was stored" };
      }
      if (row === void 0) return { outcome: "allowed", reason: null };
      for (const [column, value] of Object.entries(expected)) {
        if (row[column] !== value && !sameJson(row[column], value)) {
          return { outcome: "filtered", reason: `the row was stored with another "${column}"` };
        }
      }
      return { outcome: "allowed", reason: null };
    }
  };
}
var sameJson = (left, right) => left != null && right !== null && left.replaceAll(" ", "") === right.replaceAll(" ", "");
function insertedKey(table, sent, values) {
  const key = table.primaryKey?.columns ?? Object.keys(sent).filter((column) => isUnique(table, column));
  const columns = key.length > 0 ? key : Object.keys(sent).filter((column) => comparable(table, column) && sent[column] !== null);
  return columns.map((column) => {
    if (column in sent) return `${name(column)} = ${literal(sent[column])}`;
    const definition = table.columns.find((candidate) => candidate.name === column);
    if (definition?.sequence !== null || definition?.identity !== null) {
      return `${name(column)} = currval(pg_get_serial_sequence(${literal(table.key)}, ${literal(column)}))`;
    }
    const value = values[column];
    return value == null ? "true" : `${name(column)} is not null`;
  }).join(" and ") || "true";
}
var comparable = (table, column) => !/^(json|xml|point|polygon|box|path|line|lseg|circle|tsvector|real|double)/.test(
  table.columns.find((candidate) => candidate.name === column)?.type ?? ""
);
function returningList(context, identity) {
  const readable = context.privileges(identity.role, "select", context.table.key);
  if (readable === null || readable.length === context.table.columns.length) return "*";
  return readable.map(name).join(", ");
}
var sensitive = /role|admin|status|state$|balance|credit|amount|price|total|points?$|^xp$|score|verified|approved|plan|tier|level|permission|banned|quota|limit|is_staff|is_super/i;
function updates(context, subjects, identity) {
  const { table, ownership } = context;
  const found = [];
  const allowed = context.privileges(identity.role, "update", table.key);
  const holds = (column) => allowed === null || allowed.includes(column);
  const owners = ownership.ownersOf(table.key);
  const keys = /* @__PURE__ */ new Set([
    ...table.primaryKey?.columns ?? [],
    ...table.foreignKeys.flatMap((key) => key.columns),
    ...owners.map((owner) => owner.column)
  ]);
  const choices = context.planner.choices(table.key);
  const settable = table.columns.filter(
    (column) => column.generated === null && column.identity !== "always" && !keys.has(column.name) && holds(column.name)
  );
  const special = table.columns.filter((column) => column.generated === null && column.identity !== "always" && !keys.has(column.name)).filter((column) => choices.has(column.name) || sensitive.test(column.name)).slice(0, 8);
  const plain = settable.filter((column) => !special.includes(column)).toSorted((x, y) => plainness(y, table) - plainness(x, table)).slice(0, 3);
  for (const { subject, row } of rowsFor(context, subjects, identity)) {
    const group = plain.length > 0 ? plain : special.filter((column) => holds(column.name)).slice(0, 1);
    const set = Object.fromEntries(group.map((column) => [column.name, changed(context, row, column.name)]));
    if (Object.keys(set).length > 0) found.push(updateCase(context, identity, subject, row, set, []));
    else {
      const same = table.columns.find(
        (column) => column.generated === null && column.identity !== "always" && holds(column.name)
      );
      if (same)
        found.push(
          updateCase(context, identity, subject, row, { [same.name]: row.values[same.name] ?? null }, [])
        );
    }
    if (subject === "own") {
      for (const column of special) {
        if (group.includes(column) && group.length === 1) continue;
        const value = changed(context, row, column.name);
        if (value !== row.values[column.name])
          found.push(updateCase(context, identity, subject, row, { [column.name]: value }, []));
      }
    }
  }
  const authors = owners.filter((owner) => owner.author && holds(owner.column));
  if (identity.role === "authenticated" && subjects.a && authors.length > 0) {
    const set = Object.fromEntries(authors.map((owner) => [owner.column, ownerValue(owner, userB)]));
    found.push(updateCase(context, identity, "transfer", subjects.a, set, subjects.b ? [subjects.b] : []));
  }
  return found;
}
function plainness(column, table) {
  const text2 = /^(text|character varying)/.test(column.type) ? 4 : 0;
  const time = /^(timestamp|date)/.test(column.type) ? -4 : 0;
  const checked = table.checks.some((check) => check.expression.text.includes(column.name)) ? -2 : 0;
  return text2 + time + checked + (isUnique(table, column.name) ? -2 : 0) + (column.type === "boolean" ? 2 : 0);
}
function changed(context, row, column) {
  const current = row.values[column] ?? null;
  const choice = context.planner.choice(context.table.key, column);
  const open = choice?.open.find((value) => value !== current);
  if (open !== void 0) return open;
  for (const turn of [1, 2, 3]) {
    const next = context.values.candidates(context.table, column, { owner: row.user.letter, turn }).find((value) => value !== current && value !== null);
    if (next !== void 0) return next;
  }
  return current;
}
function updateCase(context, identity, subject, row, set, inTheWay) {
  const { table } = context;
  const columns = Object.keys(set);
  const statement = `update ${table.key} set ${columns.map((column) => `${name(column)} = ${literal(set[column])}`).join(", ")} where ${whereIs(row)}`;
  const after = row.key.map(
    (column) => `${name(column)} = ${literal(column in set ? set[column] : row.values[column] ?? null)}`
  );
  return {
    identity,
    command: "update",
    subject,
    columns,
    attempt: {
      identity,
      searchPath: context.searchPath,
      ...inTheWay.length > 0 && {
        prepare: [
          triggersOff3,
          `delete from ${table.key} where ${inTheWay.map((other2) => `(${whereIs(other2)})`).join(" or ")}`,
          triggersOn3
        ]
      },
      sql: statement,
      deferred: context.deferred,
      ...hasTriggers(table) && {
        readBack: `select * from ${table.key} where ${after.join(" and ") || "true"}`
      }
    },
    returning: `${statement} returning ${returningList(context, identity)}`,
    judge: ({ outcome, stored }) => {
      if (!outcome.ok) return verdictOf(outcome.error, table, "update");
      if (outcome.affected === 0) return { outcome: "filtered", reason: null };
      if (stored === null) return { outcome: "allowed", reason: null };
      const now = stored[0] && normalized(table, stored[0]);
      const changes = columns.filter((column) => set[column] !== (row.values[column] ?? null));
      const written = changes.filter(
        (column) => now !== void 0 && differs(now[column] ?? null, row.values[column] ?? null)
      );
      if (changes.length > 0 && written.length === 0)
        return { outcome: "filtered", reason: "a trigger undid the change" };
      return { outcome: "allowed", reason: null, columns: changes.length > 0 ? written : columns };
    }
  };
}
var differs = (left, right) => left !== right;
function deletes(context, subjects, identity) {
  const { table } = context;
  return rowsFor(context, subjects, identity).map(({ subject, row }) => {
    const statement = `delete from ${table.key} where ${whereIs(row)}`;
    return {
      identity,
      command: "delete",
      subject,
      columns: [],
      attempt: {
        identity,
        searchPath: context.searchPath,
        sql: statement,
        deferred: context.deferred,
        ...hasTriggers(table) && { readBack: `select 1 as there from ${table.key} where ${whereIs(row)}` }
      },
      returning: `${statement} returning ${returningList(context, identity)}`,
      judge: ({ outcome, stored }) => {
        if (!outcome.ok) return verdictOf(outcome.error, table, "delete");
        if (outcome.affected === 0) return { outcome: "filtered", reason: null };
        if (stored?.length) return { outcome: "filtered", reason: "the row is still there" };
        return { outcome: "allowed", reason: null };
      }
    };
  });
}

// src/probes/values.ts
function createValues(state2, catalog) {
  const types = /* @__PURE__ */ new Map();
  for (const type of state2.types.values()) {
    types.set(type.key, type);
    if (type.schema === "public") types.set(type.name, type);
  }
  const hints = /* @__PURE__ */ new Map();
  const candidates = (table, columnName, seed) => {
    const column = table.columns.find((candidate) => candidate.name === columnName);
    if (column === void 0) return [null];
    let type = column.type;
    const checks = table.checks.map(
      (check) => check.expression.node ?? parseExpression(check.expression.text)
    );
    for (let domain = catalog.domains.get(type); domain !== void 0; domain = catalog.domains.get(type)) {
      type = domain.base;
      for (const check of domain.checks) {
        const inside = /^CHECK \((.*)\)(?: NOT VALID)?$/s.exec(check)?.[1];
        if (inside !== void 0) checks.push(domainCheck(parseExpression(inside), columnName));
      }
    }
    const key = `${table.key}.${columnName}`;
    let hinted = hints.get(key);
    if (hinted === void 0) {
      hinted = checks.flatMap((check) => check === null ? [] : hintsOf(check, columnName));
      hints.set(key, hinted);
    }
    const values = byType(type, columnName, `${table.key}.${columnName}`, seed, types, candidates);
    const rotated = hinted.length > 0 ? rotate(hinted, seed.turn) : [];
    return [.../* @__PURE__ */ new Set([...rotated, ...values])];
  };
  return { candidates };
}
var rotate = (list, by) => list.map((_, index) => list[(index + by) % list.length]);
function domainCheck(node, column) {
  if (node === null) return null;
  return JSON.parse(
    JSON.stringify(node).replaceAll(
      /\{"ColumnRef":\{"fields":\[\{"String":\{"sval":"value"\}\}\](?:,"location":\d+)?\}\}/g,
      JSON.stringify({ ColumnRef: { fields: [{ String: { sval: column } }] } })
    )
  );
}
function hintsOf(check, column) {
  const found = [];
  const ranges = { low: null, high: null };
  const lengths = { low: null, high: null };
  const bound = (target2, operator, value, whole) => {
    const step = whole ? 1 : 0;
    if (operator === ">=") target2.low = value;
    else if (operator === ">") target2.low = value + (step || 1);
    else if (operator === "<=") target2.high = value;
    else if (operator === "<") target2.high = value - (step || 1);
    else if (operator === "=") target2.low = target2.high = value;
  };
  const isColumn = (node) => bare(node)?.ColumnRef?.fields?.at(-1)?.String?.sval === column;
  const isLength = (node) => {
    const call2 = bare(node)?.FuncCall;
    if (!call2) return false;
    const called = call2.funcname.at(-1)?.String?.sval;
    const inside = bare(call2.args?.[0]);
    return ["char_length", "length", "character_length", "octet_length"].includes(called) && (isColumn(inside) || isColumn(inside?.FuncCall?.args?.[0]));
  };
  const walk = (node) => {
    if (node === void 0 || node === null || typeof node !== "object") return;
    const expression2 = node.A_Expr;
    if (expression2) {
      const operator = expression2.name?.at(-1)?.String?.sval ?? "";
      const items = expression2.kind === "AEXPR_IN" ? expression2.rexpr?.List?.items : expression2.kind === "AEXPR_OP_ANY" ? elementsOf(expression2.rexpr) : void 0;
      if (items && isColumn(expression2.lexpr) && operator === "=") {
        for (const item of items) {
          const value2 = text(item);
          if (value2 !== void 0) found.push(value2);
        }
        return;
      }
      if (expression2.kind === "AEXPR_BETWEEN") {
        const [low, high] = expression2.rexpr?.List?.items ?? [];
        const target2 = isColumn(expression2.lexpr) ? ranges : isLength(expression2.lexpr) ? lengths : null;
        if (target2) {
          target2.low = Number(text(low));
          target2.high = Number(text(high));
        }
        return;
      }
      const value = text(expression2.rexpr);
      if (value !== void 0 && isColumn(expression2.lexpr)) {
        if (operator === "~" || operator === "~*") found.push(...fitting(value, operator === "~*"));
        else if (operator === "~~" || operator === "~~*")
          found.push(value.replaceAll("%", "x").replaceAll("_", "x"));
        else if (!Number.isNaN(Number(value)) && value !== "") bound(ranges, operator, Number(value), false);
        else if (operator === "=") found.push(value);
      } else if (value !== void 0 && isLength(expression2.lexpr)) {
        bound(lengths, operator, Number(value), true);
      }
    }
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) for (const item of child) walk(item);
      else if (typeof child === "object") walk(child);
    }
  };
  walk(check);
  if (ranges.low !== null) found.push(String(ranges.low));
  if (ranges.high !== null) found.push(String(ranges.high));
  if (ranges.low !== null && ranges.high !== null)
    found.push(String(Math.floor((ranges.low + ranges.high) / 2)));
  const length = lengths.low ?? (lengths.high !== null ? Math.min(lengths.high, 12) : null);
  if (length !== null && length > 0 && length <= 1e4) {
    found.push("x".repeat(length), "A".repeat(length), "7".repeat(length));
  }
  return found;
}
function bare(node) {
  let at2 = node;
  while (at2?.TypeCast || at2?.CollateClause) at2 = at2.TypeCast?.arg ?? at2.CollateClause?.arg;
  if (at2?.FuncCall && ["lower", "upper", "btrim"].includes(at2.FuncCall.funcname.at(-1)?.String?.sval)) {
    return bare(at2.FuncCall.args?.[0]);
  }
  return at2;
}
function elementsOf(node) {
  const at2 = bare(node);
  if (at2?.A_ArrayExpr) return at2.A_ArrayExpr.elements;
  const literal2 = at2?.A_Const?.sval?.sval;
  if (typeof literal2 === "string" && /^\{.*\}$/s.test(literal2)) {
    return literal2.slice(1, -1).split(",").map((element) => ({ A_Const: { sval: { sval: element.replace(/^"|"$/g, "") } } }));
  }
  return void 0;
}
function text(node) {
  const value = bare(node)?.A_Const;
  if (value === void 0 || value.isnull) return void 0;
  if (value.sval) return value.sval.sval ?? "";
  if (value.ival) return String(value.ival.ival ?? 0);
  if (value.fval) return value.fval.fval;
  if (value.boolval) return String(value.boolval.boolval ?? false);
  return void 0;
}
var common = [
  "someone@probe.example",
  "https://probe.example/a",
  "+12025550123",
  "12025550123",
  "#a1b2c3",
  "#A1B2C3",
  "probe-text",
  "probe_text",
  "probetext",
  "PROBE",
  "ABC",
  "AB",
  "EUR",
  "en",
  "en-US",
  "de_DE",
  "12",
  "1234",
  "123456",
  "12345678",
  "2026-01",
  "2026-01-15",
  "09:30",
  "192.0.2.7",
  "probe.example",
  "1.0.0",
  "v1.0.0",
  "0123456789abcdef0123456789abcdef",
  "0123456789abcdef0123456789abcdef01234567",
  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  "0x0123456789abcdef0123456789abcdef01234567",
  "ABC-1234",
  "ABC123",
  "A1B2C3",
  "Probe Text",
  "a",
  "A",
  "/probe",
  "UTC",
  "Europe/Berlin"
];
function fitting(pattern2, ignoreCase) {
  try {
    const expression2 = new RegExp(
      pattern2.replaceAll("[[:alnum:]", "[a-zA-Z0-9").replaceAll("[[:space:]]", "\\s"),
      ignoreCase ? "i" : ""
    );
    return common.filter((value) => expression2.test(value)).slice(0, 4);
  } catch {
    return [];
  }
}
var texts = /* @__PURE__ */ new Set([
  "text",
  "character varying",
  "character",
  "name",
  "citext",
  "extensions.citext",
  "public.citext"
]);
function byType(type, column, place, seed, types, candidates) {
  if (type.endsWith("[]")) {
    const [first] = byType(type.slice(0, -2), column, place, seed, types, candidates);
    return first === null || first === void 0 ? ["{}"] : [`{${arrayElement(first)}}`, "{}"];
  }
  const named = types.get(type);
  if (named?.kind === "enum") return rotate(named.values, seed.turn);
  const plain = type.replace(/\(.*\)/, "").trim();
  const length = Number(/\((\d+)/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY);
  const number = numberOf(seed);
  if (texts.has(plain)) return textValues(column, place, seed, length, plain);
  switch (plain) {
    case "uuid":
      return [uuidOf(place, seed)];
    case "smallint":
    case "integer":
    case "bigint":
      return [String(number), "1", "0", "10", "100", "50", "2026"];
    case "numeric":
    case "real":
    case "double precision":
      return [String(seed.turn * 2 + 3 + (seed.owner === "B" ? 1 : 0)), "0", "1", "0.5", "100"];
    case "money":
      return ["10"];
    case "boolean":
      return seed.turn % 2 === 0 ? ["false", "true"] : ["true", "false"];
    case "timestamp with time zone":
    case "timestamp without time zone":
    case "timestamp":
      return [`2031-0${1 + seed.turn % 8}-05 08:00:00+00`, "2020-01-01 00:00:00+00"];
    case "date":
      return [`2031-0${1 + seed.turn % 8}-05`, "2020-01-01", "1990-01-01"];
    case "time without time zone":
    case "time with time zone":
    case "time":
      return [
        `0${8 + seed.turn % 2}:00:00+00`.slice(0, plain.startsWith("time with t") ? 11 : 8),
        "17:00:00"
      ];
    case "interval":
      return [`${1 + seed.turn} hours`];
    case "json":
    case "jsonb":
      return [`{"probe": "${seed.owner}${seed.turn}"}`, "[]", "{}"];
    case "bytea":
      return [`\\x${seed.owner.charCodeAt(0).toString(16)}0${seed.turn % 10}`];
    case "inet":
    case "cidr":
      return ["192.0.2.7"];
    case "macaddr":
      return ["08:00:2b:01:02:03"];
    case "bit":
    case "bit varying":
      return ["1".repeat(Number.isFinite(length) ? length : 1)];
    case "tsvector":
    case "tsquery":
      return ["probe"];
    case "xml":
      return ["<probe/>"];
    case "point":
      return ["(1,1)"];
    case "line":
      return ["{1,1,1}"];
    case "box":
    case "lseg":
      return ["((1,1),(2,2))"];
    case "path":
    case "polygon":
      return ["((1,1),(2,2),(3,1))"];
    case "circle":
      return ["<(1,1),1>"];
    case "int4range":
    case "int8range":
    case "numrange":
      return [`[${number},${number + 1})`];
    case "daterange":
      return [`[${dayOf(seed)},${dayOf({ ...seed, turn: seed.turn + 1 })})`];
    case "tsrange":
    case "tstzrange":
      return [`[${dayOf(seed)} 08:00,${dayOf(seed)} 09:00)`];
    case "vector":
    case "extensions.vector":
    case "public.vector":
    case "halfvec":
    case "extensions.halfvec":
      return [
        `[${Array(Number.isFinite(length) ? length : 3).fill("0.1").join(",")}]`
      ];
    case "ltree":
    case "extensions.ltree":
      return ["probe.a"];
    case "hstore":
    case "extensions.hstore":
      return ["a=>1"];
    case "oid":
    case "regclass":
      return ["1259"];
    case "geometry":
    case "geography":
    case "extensions.geometry":
    case "extensions.geography":
      return ["POINT(1 1)"];
  }
  if (named?.kind === "composite") return ["(,,,,,,,,)", null];
  if (named?.kind === "range") return ["empty"];
  return [null];
}
var arrayElement = (value) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
var numberOf = (seed) => 31e3 + (seed.owner.charCodeAt(0) - 64) * 20 + seed.turn;
var dayOf = (seed) => `20${31 + seed.owner.charCodeAt(0) % 20}-0${1 + seed.turn % 8}-10`;
function uuidOf(place, seed) {
  let hex = "";
  for (let part = 0; part < 4; part += 1) {
    let hash = 2166136261;
    for (const character of `${part}:${place}:${seed.turn}`) {
      hash = Math.imul(hash ^ character.codePointAt(0), 16777619) >>> 0;
    }
    hex += hash.toString(16).padStart(8, "0");
  }
  const letter = seed.owner.toLowerCase().charAt(0);
  const first = /[a-f]/.test(letter) ? letter : "f";
  return `${first.repeat(4)}${hex.slice(4, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
function textValues(column, place, seed, length, type) {
  const tag = `${seed.owner.toLowerCase()}${seed.turn}`;
  const values = [];
  const is = (pattern2) => pattern2.test(column);
  if (is(/e_?mail/i)) values.push(`${tag}@${seed.owner.toLowerCase().repeat(3)}.example`);
  if (is(/phone|mobile|whatsapp/i)) values.push(`+1202555${String(numberOf(seed)).slice(-4)}`);
  if (is(/url|link|website|avatar|image/i)) values.push(`https://${tag}.probe.example/x`);
  if (is(/uuid|_id$|^id$/i)) values.push(uuidOf(place, seed));
  if (is(/currency/i)) values.push("EUR");
  if (is(/country|locale|lang/i)) values.push("de");
  if (is(/slug|handle|username|subdomain|domain|code/i)) values.push(`probe-${tag}`, `probe${tag}`);
  if (is(/time_?zone/i)) values.push("UTC");
  values.push(
    `probe ${tag} ${column}`,
    `probe${tag}`,
    tag,
    uuidOf(place, seed),
    "1",
    `https://${tag}.probe.example/x`,
    `${tag}@probe.example`
  );
  const fits = type === "character" && Number.isFinite(length) ? values.map((value) => value.padEnd(length, "x")) : values;
  return fits.map((value) => Number.isFinite(length) ? value.slice(0, length) : value);
}

// src/probes/views.ts
var identities = [anon, signedIn(userA), serviceRole];
var enough = 2e3;
async function probeViews(context) {
  const objects = [];
  const theirs = markersOf(context.world, context.state, userB);
  const own = markersOf(context.world, context.state, userA);
  for (const key of [...context.state.views.keys()].toSorted()) {
    const view = context.state.views.get(key);
    if (!context.exposed.has(view.schema) || context.leaveOut.has(key)) continue;
    context.onObject(key);
    objects.push(await probeView(context, view, theirs, own));
  }
  return objects;
}
async function probeView(context, view, theirs, own) {
  const { session } = context;
  await session.exec("savepoint of_view");
  if (view.kind === "materialized view") {
    const [refreshed] = await session.batch([`refresh materialized view ${view.key}`]);
    if (!refreshed.ok) await session.exec("rollback to savepoint of_view");
  }
  const sql = (columns) => `select ${columns} from ${view.key} limit ${enough}`;
  const listOf = (identity) => {
    const held = identity === null ? null : context.privileges(identity.role, "select", view.key);
    return held === null || held.length >= view.columns.length ? "*" : held.map(name).join(", ");
  };
  const whos = [null, ...identities];
  const attempted = await attemptAll(
    session,
    whos.map((identity) => ({
      identity,
      controlClaims: signedIn(userA).claims,
      searchPath: context.searchPath(view.schema),
      sql: sql(listOf(identity))
    }))
  );
  const control = attempted[0].outcome;
  const reaches = control.ok ? seen(control.rows, theirs) : null;
  const cells = [];
  identities.forEach((identity, index) => {
    const { outcome } = attempted[index + 1];
    const statement = sql(listOf(identity));
    const proof = [
      {
        as: identity.label,
        sql: statement,
        result: outcome.ok ? `${outcome.rows.length} rows` : resultOf(outcome)
      }
    ];
    const cell = (subject, more) => ({
      principal: identity.principal,
      command: "select",
      subject,
      outcome: "filtered",
      columns: [],
      representation: true,
      when: null,
      via: null,
      proof,
      reason: null,
      ...more
    });
    if (!outcome.ok) {
      const verdict = verdictOf(outcome.error, view, "select");
      cells.push(cell("foreign", verdict));
      return;
    }
    const marker = seen(outcome.rows, theirs);
    if (marker !== null) {
      const hidden = hiddenTable(context, identity.principal, seenAll(outcome.rows, theirs));
      cells.push(
        cell("foreign", {
          outcome: "allowed",
          via: hidden,
          columns: columnsWith(outcome.rows, theirs),
          proof: [
            {
              ...proof[0],
              result: `${outcome.rows.length} rows, among them ${literal(marker.text)} of user B`
            }
          ]
        })
      );
    } else if (reaches === null) {
      const why = control.ok ? "no row of user B's reaches this view in the probes' world" : resultOf(control);
      const lookup = control.ok && control.rows.length > 0 && outcome.rows.length > 0;
      cells.push(
        lookup ? cell("unowned", { outcome: "allowed" }) : cell("foreign", { outcome: "unknown", reason: why })
      );
    } else cells.push(cell("foreign", {}));
    if (identity.role === "authenticated" && seen(outcome.rows, own) !== null)
      cells.push(cell("own", { outcome: "allowed" }));
  });
  cells.push(...await writeThrough(context, view));
  await session.exec("rollback to savepoint of_view; release savepoint of_view");
  return {
    object: view.key,
    kind: "view",
    rls: null,
    summary: summarize(cells),
    cells,
    ownerColumns: []
  };
}
function seenAll(rows, markers) {
  const text2 = rows.map((row) => Object.values(row).join("\n")).join("\n");
  return markers.filter((marker) => text2.includes(marker.text));
}
var seen = (rows, markers) => seenAll(rows, markers)[0] ?? null;
function columnsWith(rows, markers) {
  const found = /* @__PURE__ */ new Set();
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      if (value !== null && markers.some((marker) => value.includes(marker.text))) found.add(column);
    }
  }
  return [...found];
}
function hiddenTable(context, principal, markers) {
  const open = (table) => context.tables.get(table)?.cells.some(
    (cell) => cell.principal === principal && cell.command === "select" && (cell.subject === "foreign" || cell.subject === "unowned") && cell.when === null && passes(cell)
  ) ?? false;
  const secret = markers.filter((marker) => !marker.tables.some(open));
  const counts = /* @__PURE__ */ new Map();
  for (const marker of secret) {
    for (const table of marker.tables) counts.set(table, (counts.get(table) ?? 0) + 1);
  }
  const owned = [...counts].filter(([table]) => (context.tables.get(table)?.ownerColumns.length ?? 1) > 0);
  return owned.toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? null;
}
async function writeThrough(context, view) {
  if (view.kind !== "view" || view.reads.length !== 1) return [];
  const base = context.state.tables.get(view.reads[0]);
  const row = base && context.world.row(base.key, userB);
  if (base === void 0 || row === void 0 || !row.key.every((column) => view.columns.includes(column)))
    return [];
  const [updatable] = await context.session.query(
    `select (pg_relation_is_updatable(${literal(view.key)}::regclass, false) & 16) <> 0 as deletable`
  );
  if (!/^t/.test(updatable?.deletable ?? "")) return [];
  const condition = row.key.map((column) => `${name(column)} = ${literal(row.values[column] ?? null)}`).join(" and ");
  const sql = `delete from ${view.key} where ${condition}`;
  const whos = identities.filter((identity) => identity.principal !== "service_role");
  const attempted = await attemptAll(
    context.session,
    whos.map((identity) => ({ identity, searchPath: context.searchPath(view.schema), sql }))
  );
  return whos.map((identity, index) => {
    const { outcome } = attempted[index];
    const verdict = outcome.ok ? { outcome: outcome.affected > 0 ? "allowed" : "filtered", reason: null } : verdictOf(outcome.error, outcome.error.table === base.name ? base : view, "delete");
    return {
      principal: identity.principal,
      command: "delete",
      subject: "foreign",
      ...verdict,
      columns: [],
      representation: true,
      when: null,
      via: base.key,
      proof: [{ as: identity.label, sql, result: resultOf(outcome) }]
    };
  });
}

// src/probes/functions.ts
var identities2 = [anon, signedIn(userA)];
async function probeFunctions(context) {
  const routines = [...context.state.routines.values()].filter(
    (routine) => context.exposed.has(routine.schema) && routine.securityDefiner && routine.kind === "function" && !/^(event_)?trigger$/.test(routine.returns) && !context.leaveOut.has(routine.key)
  ).toSorted((a, b) => a.key < b.key ? -1 : 1);
  const callable = await callableBy(context, routines);
  const markers = markersOf(context.world, context.state, userB);
  const objects = [];
  for (const routine of routines) {
    context.onObject(routine.key);
    const cells = [];
    for (const identity of identities2) {
      const allowed = callable.has(`${identity.role} ${routine.key}`);
      const own = [];
      cells.push(
        allowed ? await call(context, routine, identity, markers, own) : cellOf(identity, { outcome: "no-permission", reason: "EXECUTE is not granted" }, []),
        ...own
      );
    }
    objects.push({
      object: routine.key,
      kind: "function",
      rls: null,
      summary: summarize(cells),
      cells,
      ownerColumns: []
    });
  }
  return objects;
}
async function callableBy(context, routines) {
  if (routines.length === 0) return /* @__PURE__ */ new Set();
  const rows = await context.session.query(
    routines.flatMap(
      (routine) => identities2.map(
        (identity) => `select ${literal(`${identity.role} ${routine.key}`)} as who where has_function_privilege(${literal(identity.role)}, to_regprocedure(${literal(signature(routine))}), 'execute')`
      )
    ).join(" union all ")
  );
  return new Set(rows.map((row) => row.who));
}
var inputsOf = (routine) => routine.arguments.filter((argument) => argument.mode !== "out" && argument.mode !== "table");
var signature = (routine) => `${qualified(routine.schema, routine.name)}(${inputsOf(routine).map((argument) => argument.type).join(", ")})`;
function cellOf(identity, verdict, proof) {
  return {
    principal: identity.principal,
    command: "execute",
    subject: "foreign",
    columns: [],
    representation: true,
    when: null,
    via: null,
    proof,
    ...verdict
  };
}
async function call(context, routine, identity, markers, own) {
  const watched = tablesIn(context, routine.body);
  let last = null;
  let ran = null;
  for (const values of argumentSets(context, routine, watched)) {
    const sql = `select * from ${qualified(routine.schema, routine.name)}(${inputsOf(routine).map((argument, index) => `${literal(values[index])}::${argument.type}`).join(", ")})`;
    const look = [
      ...watched.map((table) => lookAt(context, table, userB)),
      ...watched.map((table) => lookAt(context, table, userA))
    ];
    const outcomes = await context.session.batch([
      "savepoint call",
      ...look,
      become(identity, context.searchPath(routine.schema)),
      sql,
      becomeAdmin,
      ...look,
      "rollback to savepoint call",
      "release savepoint call"
    ]);
    const outcome = outcomes[look.length + 2];
    last = { sql, outcome };
    if (!outcome.ok) continue;
    ran = last;
    const passed = new Set(values.filter((value) => value !== null));
    const given = givenOut(outcome.rows, markers).filter((marker) => !passed.has(marker.text));
    const proof2 = { as: identity.label, sql, result: resultOf(outcome) };
    if (identity.role === "authenticated" && own.length === 0) {
      for (const [index, table] of watched.entries()) {
        const columns = changedColumns(
          outcomes[1 + watched.length + index],
          outcomes[look.length + 4 + watched.length + index]
        );
        const closed = columns.filter((column) => !mayUpdateOwn(context, table, column));
        if (closed.length > 0) {
          const reason = `it changed ${closed.join(", ")} of user A's own row in ${table.key}, which an UPDATE can't`;
          own.push(
            cellOf(
              identity,
              { subject: "own", outcome: "allowed", columns: closed, via: table.key, reason },
              [proof2]
            )
          );
          break;
        }
      }
    }
    const changed2 = watched.find((_, index) => {
      const before = outcomes[1 + index];
      const after = outcomes[look.length + 4 + index];
      return before.ok && after.ok && JSON.stringify(before.rows) !== JSON.stringify(after.rows);
    });
    if (changed2 !== void 0 && !mayWrite(context, identity, changed2)) {
      return cellOf(
        identity,
        { outcome: "allowed", reason: `a row of user B's in ${changed2.key} changed`, via: changed2.key },
        [proof2]
      );
    }
    const hidden = given.length === 0 ? null : hiddenTable(context, identity.principal, given);
    if (hidden !== null) {
      const marker = given.find((candidate) => candidate.tables.includes(hidden));
      return cellOf(
        identity,
        { outcome: "allowed", reason: `it gave out ${literal(marker.text)} of ${hidden}`, via: hidden },
        [{ ...proof2, result: `${outcome.rows.length} rows, among them ${literal(marker.text)} of user B` }]
      );
    }
  }
  if (ran !== null) {
    return cellOf(identity, { outcome: "filtered", reason: null }, [
      { as: identity.label, sql: ran.sql, result: resultOf(ran.outcome) }
    ]);
  }
  if (last === null)
    return cellOf(identity, { outcome: "unknown", reason: "no arguments could be made" }, []);
  const error = last.outcome.ok ? null : last.outcome.error;
  const proof = [{ as: identity.label, sql: last.sql, result: resultOf(last.outcome) }];
  const refusal = error !== null && /^(P0001|42501|28000|PT4\d\d)$/.test(error.sqlstate);
  return refusal ? cellOf(identity, { outcome: "error", reason: describe(error) }, proof) : cellOf(identity, { outcome: "unknown", reason: error === null ? null : describe(error) }, proof);
}
function givenOut(rows, markers) {
  const text2 = rows.map((row) => Object.values(row).join("\n")).join("\n");
  return markers.filter((marker) => text2.includes(marker.text));
}
function lookAt(context, table, user3) {
  const row = context.world.row(table.key, user3);
  if (row === void 0) return "select null as row where false";
  return `select to_jsonb(t)::text as row from ${table.key} t where ${whereIs(row)}`;
}
function changedColumns(before, after) {
  const read2 = (outcome) => outcome.ok && outcome.rows[0]?.row ? JSON.parse(outcome.rows[0].row) : null;
  const old = read2(before);
  const now = read2(after);
  if (old === null || now === null) return [];
  return Object.keys(old).filter((column) => JSON.stringify(old[column]) !== JSON.stringify(now[column]));
}
var mayUpdateOwn = (context, table, column) => /(_at|_on|date|time)$/.test(column) || (context.tables.get(table.key)?.cells ?? []).some(
  (cell) => cell.principal === "user" && cell.command === "update" && cell.subject === "own" && passes(cell) && // Plain columns are tried a few at a time: one of them stands for the others.
  (cell.columns.includes(column) || !sensitive.test(column))
);
function tablesIn(context, body) {
  return [...context.state.tables.values()].filter(
    (table) => context.world.row(table.key, userB) !== void 0 && new RegExp(`\\b${table.name}\\b`).test(body)
  ).toSorted((a, b) => a.key < b.key ? -1 : 1).slice(0, 6);
}
var mayWrite = (context, identity, table) => context.tables.get(table.key)?.cells.some(
  (cell) => cell.principal === identity.principal && (cell.command === "update" || cell.command === "delete") && (cell.subject === "foreign" || cell.subject === "unowned") && cell.when === null && passes(cell)
) ?? false;
function* argumentSets(context, routine, watched) {
  const inputs = inputsOf(routine);
  if (inputs.length === 0) {
    yield [];
    return;
  }
  const keys = watched.flatMap((table) => {
    const row = context.world.row(table.key, userB);
    return row.key.length === 1 ? [{ table, value: row.values[row.key[0]] ?? null }] : [];
  });
  const guesses = [null, ...watched];
  const seen2 = /* @__PURE__ */ new Set();
  for (const guess of guesses) {
    const values = inputs.map((argument, index) => argumentValue(context, argument, index, guess, keys));
    const id = JSON.stringify(values);
    if (seen2.has(id)) continue;
    seen2.add(id);
    yield values;
  }
}
function argumentValue(context, argument, index, guess, keys) {
  const { type } = argument;
  const label = (argument.name ?? "").replace(/^(p|in|arg|_)_?/i, "");
  const enumType = [...context.state.types.values()].find(
    (candidate) => candidate.kind === "enum" && (candidate.key === type || candidate.name === type)
  );
  if (enumType) return enumType.values[0] ?? null;
  const stem = label.replace(/_?(id|uuid)s?$/i, "").toLowerCase();
  const named = keys.find(
    ({ table }) => stem !== "" && (table.name === stem || table.name === `${stem}s` || table.name.endsWith(`_${stem}s`) || table.name.endsWith(`_${stem}`))
  );
  if (/^uuid/.test(type) || /^(text|character)/.test(type) && /id$/i.test(label)) {
    const person = /user|owner|profile|author|member|uid|account|customer|employee|target|sender|recipient/i.test(label);
    const one = named?.value ?? (guess ? keys.find((key) => key.table === guess)?.value : void 0) ?? (person ? userB.id : void 0) ?? userB.id;
    return type.endsWith("[]") ? `{${one}}` : one;
  }
  if (/^(integer|bigint|smallint)$/.test(type)) {
    const fits = named ?? (guess ? keys.find((key) => key.table === guess) : void 0);
    return /id$/i.test(label) && fits?.value != null && /^\d+$/.test(fits.value) ? fits.value : "1";
  }
  if (/email/i.test(label)) return userB.email;
  if (type.endsWith("[]")) return "{}";
  if (/^jsonb?$/.test(type)) return "{}";
  if (type === "boolean") return "true";
  if (/^(numeric|real|double precision)/.test(type)) return "1";
  if (/^timestamp/.test(type)) return "2031-01-05 08:00:00+00";
  if (type === "date") return "2031-01-05";
  if (/^(text|character varying|character)/.test(type)) {
    const row = guess ? context.world.row(guess.key, userB) : void 0;
    const same = row && label !== "" ? row.values[label] : void 0;
    return same ?? `probe ${index}`;
  }
  if (/vector/.test(type)) return null;
  if (type === "interval") return "1 day";
  return type === "uuid" ? uuidOf(label, { owner: "B", turn: 0 }) : null;
}

// src/probes/policy-errors.ts
var commands2 = ["select", "insert", "update", "delete"];
async function findPolicyErrors(session, tables, privileges2, searchPathOf2) {
  const tried = [];
  for (const table of tables) {
    if (!table.rls) continue;
    for (const identity of [anon, signedIn(userA)]) {
      for (const command of commands2) {
        const columns = privileges2(identity.role, command, table.key);
        if (columns === null) continue;
        const sql = explain(table, command, columns);
        if (sql !== null) tried.push({ table, identity, command, sql });
      }
    }
  }
  const attempted = await attemptAll(
    session,
    tried.map(({ table, identity, sql }) => ({ identity, searchPath: searchPathOf2(table.schema), sql }))
  );
  return tried.flatMap(({ table, identity, command, sql }, index) => {
    const { outcome } = attempted[index];
    if (outcome.ok) return [];
    const verdict = verdictOf(outcome.error, table, command);
    if (verdict.outcome === "no-permission") return [];
    const { sqlstate, message } = outcome.error;
    return [
      {
        object: table.key,
        principal: identity.principal,
        command,
        sqlstate,
        message,
        proof: { as: identity.label, sql, result: `ERROR ${describe(outcome.error)}` }
      }
    ];
  });
}
function explain(table, command, held) {
  const writable = table.columns.filter(
    (column) => column.generated === null && column.identity !== "always"
  );
  switch (command) {
    case "select":
      return `explain select ${held.length === table.columns.length ? "*" : held.map(name).join(", ")} from ${table.key}`;
    case "insert":
      return `explain insert into ${table.key} default values`;
    case "update": {
      const column = writable.find((candidate) => held.includes(candidate.name));
      return column ? `explain update ${table.key} set ${name(column.name)} = null where true` : null;
    }
    case "delete":
      return `explain delete from ${table.key} where true`;
  }
}

// src/probes/sign-up.ts
async function signUpUsers(session, state2, options) {
  const keys = metadataKeys(state2);
  const tables = [...state2.tables.values()].filter(
    (table) => !platformSchemas.has(table.schema) && table.kind !== "partition" && table.kind !== "foreign"
  ).map((table) => table.key).toSorted();
  const variants = ["email-metadata", "email"];
  if (options.phone) variants.push("phone");
  if (options.anonymous) variants.push("anonymous");
  const runs = [];
  const before = await countRows(session, tables);
  for (const variant of variants) {
    await session.exec("savepoint sign_up");
    runs.push(await tryVariant(session, variant, keys, tables, before));
    await session.exec("rollback to savepoint sign_up");
  }
  const best = variants.find((_, index) => runs[index].status === "works") ?? null;
  for (const user3 of [userZ, userA, userB, userC, userD]) {
    await session.exec("savepoint sign_up");
    const steps = best === null ? [] : signUpSteps(best, user3, keys).filter((step) => step.name !== "deletion");
    const failed = best === null || await run(session, steps) !== null;
    if (failed) {
      await session.exec("rollback to savepoint sign_up");
      await session.exec(plainUser(user3, keys));
    }
    await session.exec("release savepoint sign_up");
  }
  const creates = new Set(runs.flatMap((run2) => Object.keys(run2.created)));
  return { runs, creates };
}
async function tryVariant(session, variant, keys, tables, before) {
  const steps = signUpSteps(variant, userA, keys);
  const failure = await run(
    session,
    steps.filter((step) => step.name !== "deletion")
  );
  if (failure !== null) return { variant, status: "fails", ...failure, created: {} };
  const created = {};
  for (const [table, count] of await countRows(session, tables)) {
    const more = count - (before.get(table) ?? 0);
    if (more > 0) created[table] = more;
  }
  const deletion = await run(
    session,
    steps.filter((step) => step.name === "deletion")
  );
  return { variant, status: "works", step: deletion?.step ?? null, error: deletion?.error ?? null, created };
}
async function run(session, steps) {
  const become2 = [
    `select set_config('role', 'supabase_auth_admin', true), set_config('search_path', 'auth', true), set_config('request.jwt.claims', '', true)`
  ];
  const statements = [...become2, ...steps.map((step) => step.sql)];
  const outcomes = await session.batch(statements, { stopOnError: true });
  const failed = outcomes.findIndex((outcome2) => !outcome2.ok);
  const outcome = outcomes[failed];
  if (outcome !== void 0 && !outcome.ok) {
    const { sqlstate, message, where } = outcome.error;
    return { step: steps[failed - 1]?.name ?? "connection", error: { sqlstate, message, where } };
  }
  const [deferred] = await session.batch([
    "set constraints all immediate",
    `select set_config('role', 'none', true), set_config('search_path', 'public', true)`,
    "set constraints all deferred"
  ]);
  if (deferred !== void 0 && !deferred.ok) {
    const { sqlstate, message, where } = deferred.error;
    return { step: "commit", error: { sqlstate, message, where } };
  }
  return null;
}
function signUpSteps(variant, user3, keys) {
  const metadata = variant === "email-metadata" ? metadataOf(user3, keys) : { sub: user3.id };
  const withPhone = variant === "phone";
  const anonymous = variant === "anonymous";
  const provider = withPhone ? "phone" : "email";
  const appMetadata = anonymous ? {} : { provider, providers: [provider] };
  const id = literal(user3.id);
  const steps = [
    {
      name: "sign-up",
      sql: `insert into users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, invited_at, confirmation_token, confirmation_sent_at, recovery_token, email_change_token_new, email_change, phone, raw_app_meta_data, raw_user_meta_data, is_super_admin, is_sso_user, is_anonymous, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000000', ${id}, 'authenticated', 'authenticated', ${literal(withPhone || anonymous ? null : user3.email)}, '', null, null, '', null, '', '', '', ${literal(withPhone ? user3.phone : null)}, ${literal(JSON.stringify(appMetadata))}, ${literal(JSON.stringify(anonymous ? {} : metadata))}, null, false, ${anonymous}, now(), now())`
    }
  ];
  if (!anonymous) {
    const data = {
      ...metadata,
      sub: user3.id,
      ...withPhone ? { phone: user3.phone } : { email: user3.email }
    };
    steps.push(
      {
        name: "identity",
        sql: `insert into identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at) values (${id}, ${id}, ${literal(JSON.stringify(data))}, '${provider}', now(), now(), now())`
      },
      {
        name: "confirmation",
        sql: withPhone ? `update users set phone_confirmed_at = now(), confirmation_token = '', updated_at = now() where id = ${id}` : `update users set email_confirmed_at = now(), confirmation_token = '', updated_at = now() where id = ${id}`
      }
    );
  }
  steps.push(
    { name: "sign-in", sql: `update users set last_sign_in_at = now(), updated_at = now() where id = ${id}` },
    { name: "deletion", sql: `delete from users where id = ${id}` }
  );
  return steps;
}
function plainUser(user3, keys) {
  return `select set_config('role', 'none', true), set_config('search_path', 'public', true), set_config('session_replication_role', 'replica', true);
insert into auth.users (instance_id, id, aud, role, email, phone, raw_app_meta_data, raw_user_meta_data, created_at, updated_at, email_confirmed_at)
values ('00000000-0000-0000-0000-000000000000', ${literal(user3.id)}, 'authenticated', 'authenticated', ${literal(user3.email)}, null, '{"provider":"email","providers":["email"]}', ${literal(JSON.stringify(metadataOf(user3, keys)))}, now(), now(), now());
select set_config('session_replication_role', 'origin', true);`;
}
async function countRows(session, tables) {
  const counts = /* @__PURE__ */ new Map();
  for (let from = 0; from < tables.length; from += 200) {
    const part = tables.slice(from, from + 200);
    const rows = await session.query(
      part.map((table) => `select ${literal(table)} as t, count(*) as n from ${table}`).join(" union all ")
    );
    for (const row of rows) counts.set(row.t, Number(row.n));
  }
  return counts;
}
function metadataKeys(state2) {
  const keys = /* @__PURE__ */ new Map();
  const bodies = [];
  const called = /* @__PURE__ */ new Set();
  for (const table of state2.tables.values()) {
    if (table.schema !== "auth") continue;
    for (const trigger of table.triggers) called.add(trigger.function);
  }
  for (const routine of state2.routines.values()) {
    if (routine.returns === "trigger" && [...called].some((name2) => routine.key.startsWith(`${name2}(`))) {
      bodies.push(routine.body);
    }
  }
  for (const body of bodies) {
    for (const match of body.matchAll(
      /raw_user_meta_data\s*->>?\s*'([^']+)'\s*\)*\s*(?:::\s*"?(?:\w+"?\."?)?(\w+))?/gi
    )) {
      const enumType = [...state2.types.values()].find(
        (type) => type.kind === "enum" && type.name === match[2]
      );
      keys.set(match[1], keys.get(match[1]) || (enumType?.values[0] ?? match[2]?.toLowerCase() ?? ""));
    }
  }
  return keys;
}
function metadataOf(user3, keys) {
  const letter = user3.letter.toLowerCase();
  const metadata = { sub: user3.id, email: user3.email, email_verified: true };
  for (const [key, type] of keys) {
    if (/^(bool|boolean)$/.test(type)) metadata[key] = false;
    else if (/^(int|int4|int8|integer|bigint|smallint|numeric)$/.test(type)) metadata[key] = 1;
    else if (type === "uuid") metadata[key] = user3.id;
    else if (/^(date|timestamptz?)$/.test(type)) metadata[key] = "1990-01-01";
    else if (type !== "" && !/^(text|varchar|jsonb?)$/.test(type)) metadata[key] = type;
    else if (/email/.test(key)) metadata[key] = user3.email;
    else if (/phone/.test(key)) metadata[key] = user3.phone;
    else if (/url|avatar|picture/.test(key)) metadata[key] = `https://${letter}.probe.example/x`;
    else if (/user_?name|slug|handle/.test(key)) metadata[key] = `probe_${letter}`;
    else metadata[key] = `Probe ${user3.letter}`;
  }
  return metadata;
}

// src/probes/storage.ts
var objectsTable = "storage.objects";
async function probeBuckets(context, buckets, anonymous) {
  const table = context.state.tables.get(objectsTable);
  if (table === void 0) return [];
  const reading = readPolicies(table, context.state);
  const found = [];
  for (const bucket of [...buckets].toSorted((a, b) => a.id < b.id ? -1 : 1)) {
    const key = `storage.buckets/${bucket.id}`;
    if (context.leaveOut.has(key)) continue;
    context.onObject(key);
    found.push(
      await probeBucket(context, bucket, reading, [anon, signedIn(userA), ...anonymous, serviceRole])
    );
  }
  return found;
}
async function probeBucket(context, bucket, reading, identities3) {
  const { session } = context;
  const id = literal(bucket.id);
  const mine = pathOf(context, reading, userA);
  const theirs = pathOf(context, reading, userB);
  const insert = (path, owner) => `insert into storage.objects (bucket_id, name, owner, owner_id, metadata) values (${id}, ${literal(path)}, ${literal(owner?.id ?? null)}, ${literal(owner?.id ?? null)}, '{"mimetype": "image/png", "size": 1}')`;
  await session.exec("savepoint of_bucket");
  const laid = await session.batch(
    [
      `insert into storage.buckets (id, name, public) values (${id}, ${id}, ${bucket.public}) on conflict (id) do nothing`,
      insert(mine, userA),
      insert(theirs, userB),
      // The Storage service says who it is; else a trigger refuses every DELETE.
      `select set_config('storage.allow_delete_query', 'true', true)`
    ],
    { stopOnError: true }
  );
  const broken = laid.find((outcome) => !outcome.ok);
  const cells = [];
  if (broken !== void 0) context.skip(`bucket "${bucket.id}"`, resultOf(broken));
  else {
    const attempts = [];
    const add = (identity, command, subject, sql) => attempts.push({
      identity,
      command,
      subject,
      attempt: { identity, searchPath: context.searchPath("storage"), sql }
    });
    for (const identity of identities3) {
      const user3 = identity.role === "authenticated";
      const rows = [...user3 ? [["own", mine]] : [], ["foreign", theirs]];
      for (const [subject, path] of rows) {
        const where = `bucket_id = ${id} and name = ${literal(path)}`;
        const next = path.replace(/probe(\.\w+)$/, "probe-new$1");
        add(identity, "select", subject, `select id, name from storage.objects where ${where}`);
        add(identity, "insert", subject === "own" ? "own" : "spoof", insert(next, user3 ? userA : null));
        add(
          identity,
          "update",
          subject,
          `update storage.objects set metadata = '{"size": 2}' where ${where}`
        );
        add(identity, "delete", subject, `delete from storage.objects where ${where}`);
      }
    }
    const attempted = await attemptAll(
      session,
      attempts.map((entry) => entry.attempt)
    );
    attempts.forEach(({ identity, command, subject, attempt }, index) => {
      const { outcome } = attempted[index];
      const rows = outcome.ok ? command === "select" ? outcome.rows.length : outcome.affected : 0;
      const verdict = outcome.ok ? { outcome: rows > 0 ? "allowed" : "filtered", reason: null } : verdictOf(outcome.error, { schema: "storage", name: "objects" }, command);
      cells.push({
        principal: identity.principal,
        command,
        subject,
        ...verdict,
        columns: [],
        representation: true,
        when: null,
        via: null,
        proof: [
          {
            as: identity.label,
            sql: attempt.sql,
            result: command === "select" && outcome.ok ? `${rows} rows` : resultOf(outcome)
          }
        ]
      });
    });
    if (bucket.public) {
      cells.push({
        principal: "anon",
        command: "select",
        subject: "foreign",
        outcome: "allowed",
        columns: [],
        representation: true,
        when: "the path is known: the bucket is public, its files are read by URL without any policy",
        via: null,
        proof: [],
        reason: null
      });
    }
  }
  await session.exec("rollback to savepoint of_bucket; release savepoint of_bucket");
  return {
    object: bucket.id,
    kind: "bucket",
    rls: true,
    summary: summarize(cells),
    cells,
    ownerColumns: ["owner", "name"]
  };
}
function pathOf(context, reading, user3) {
  const folders = [];
  const put = (index, text2) => {
    if (index >= 1 && index <= 8 && folders[index - 1] === void 0) folders[index - 1] = text2;
  };
  for (const atom of reading.callers) {
    if (atom.form !== "folder" || atom.folder === void 0) continue;
    put(atom.folder, atom.caller.kind === "email" ? user3.email : user3.id);
  }
  for (const atom of reading.folders) {
    if ("literal" in atom.is) put(atom.index, atom.is.literal);
    else {
      const value = context.world.row(atom.is.table, user3)?.values[atom.is.column];
      if (value != null) put(atom.index, value);
    }
  }
  if (folders.length === 0) folders.push(user3.id);
  for (let index = 0; index < folders.length; index += 1) folders[index] ??= "folder";
  return `${folders.join("/")}/probe.png`;
}

// src/probes/trust.ts
function absentTables(state2, readings, ownership, createdBySignUp) {
  const absent = /* @__PURE__ */ new Set();
  for (const key of ownership.trusted) {
    if (createdBySignUp.has(key)) continue;
    const table = state2.tables.get(key);
    const primary = table.primaryKey?.columns.length === 1 ? table.primaryKey.columns[0] : null;
    if (primary !== null && isIdentityOf(key, primary)) continue;
    absent.add(key);
  }
  return absent;
  function isIdentityOf(key, primary) {
    for (const [home, reading] of readings) {
      const table = state2.tables.get(home);
      if (home === key || table === void 0) continue;
      const leading = new Set(
        table.foreignKeys.filter((foreign) => foreign.references === key && foreign.columns.length === 1).map((foreign) => foreign.columns[0])
      );
      for (const atom of reading.callers) {
        if (atom.table === home && leading.has(atom.column) && required(home, atom.column)) return true;
      }
      for (const { left, right } of reading.links) {
        for (const [near, far] of [
          [left, right],
          [right, left]
        ]) {
          if (near.table !== key && far.table === key && far.column === primary && near.table === home)
            return true;
        }
      }
    }
    return false;
  }
  function required(key, column) {
    return state2.tables.get(key)?.columns.find((candidate) => candidate.name === column)?.notNull === true;
  }
}
function createTrustedRows(session, world, planner, state2) {
  const known = /* @__PURE__ */ new Map();
  return {
    async rowIn(table) {
      const there = world.row(table, userA);
      if (there !== void 0) return { inserts: [], row: there };
      const cached = known.get(table);
      if (cached !== void 0) return cached;
      const chain = planner.order.filter((key) => key === table || planner.ancestors(table).has(key));
      const missing = chain.filter((key) => world.row(key, userA) === void 0);
      const restore = world.mark();
      await session.exec("savepoint trusted");
      await world.lay(chain, userA);
      const rows = missing.flatMap((key) => world.row(key, userA) ?? []);
      const row = world.row(table, userA);
      restore();
      await session.exec("rollback to savepoint trusted; release savepoint trusted");
      const answer = row === void 0 ? { failure: world.failures.get(table) ?? "no such row could be laid" } : {
        row,
        inserts: rows.map((laid) => {
          const generated = new Set(
            state2.tables.get(laid.table.key).columns.filter((column) => column.generated !== null).map((column) => column.name)
          );
          const values = Object.entries(laid.values).filter(([column]) => !generated.has(column));
          return insertion(laid.table, Object.fromEntries(values));
        })
      };
      known.set(table, answer);
      return answer;
    }
  };
}

// src/probes/unowned.ts
async function layUnowned(session, context, world) {
  const { table, ownership, planner } = context;
  const owners = ownership.ownersOf(table.key);
  if (owners.length === 0 || owners.some((owner) => !owner.nullable)) return void 0;
  const planned = planner.plan(table, userC, (key2, user3) => world.row(key2, user3)?.values, { turn: 7 });
  if ("missing" in planned && !table.columns.some((column) => column.name === "missing")) return void 0;
  const values = { ...planned };
  for (const owner of owners) values[owner.column] = null;
  const columns = Object.keys(values);
  const overriding = table.columns.some((column) => column.identity === "always") ? " overriding system value" : "";
  const outcomes = await session.batch([
    "savepoint unowned",
    `select set_config('session_replication_role', 'replica', true)`,
    `insert into ${table.key} (${columns.map(name).join(", ")})${overriding} values (${columns.map((column) => literal(values[column])).join(", ")}) returning *`
  ]);
  const laid = outcomes[2];
  await session.exec(
    laid.ok ? `select set_config('session_replication_role', 'origin', true); release savepoint unowned` : "rollback to savepoint unowned; release savepoint unowned"
  );
  const first = laid.ok ? laid.rows[0] : void 0;
  if (first === void 0) return void 0;
  const stored = normalized(table, first);
  const key = table.primaryKey?.columns ?? columns.filter((column) => stored[column] !== null).slice(0, 4);
  return { table, user: userC, values: stored, key };
}

// src/probes/worlds.ts
var triggersOff4 = `select set_config('session_replication_role', 'replica', true)`;
var triggersOn4 = `select set_config('session_replication_role', 'origin', true)`;
var keyOf = (cell) => `${cell.principal} ${cell.command} ${cell.subject}`;
async function conditionalCells(context, closed) {
  const open = new Set(closed.filter(passes).map(keyOf));
  const wanted = new Set(
    closed.filter(
      (cell) => cell.principal !== "service_role" && (cell.outcome === "filtered" || cell.outcome === "check-failed") && cell.subject !== "transfer" && mayEverPass(context.table, cell)
    ).map(keyOf).filter((key) => !open.has(key))
  );
  if (wanted.size === 0) return [];
  const specs2 = [...rowWorlds(context), ...claimWorlds(context)];
  for (const key of trustedTables(context)) specs2.push(...await trustWorlds(context, key));
  const found = distil(await tryAll(context, wanted, specs2));
  const rest = without(wanted, found);
  const further = [];
  const both2 = everyRowOpen(context);
  if (both2 !== null) further.push(both2);
  for (const key of trustedTables(context)) {
    if (!found.some((cell) => cell.via === key) && !sharesTenant(context, key))
      further.push(...await naming(context, key));
  }
  if (rest.size > 0 && further.length > 0) found.push(...distil(await tryAll(context, rest, further)));
  if (found.length === 0) {
    const all = await everythingOpen(context);
    if (all !== null) found.push(...(await tryAll(context, wanted, [all])).flat());
  }
  return found;
}
function mayEverPass(table, cell) {
  const role = cell.principal === "anon" ? "anon" : "authenticated";
  return table.policies.some(
    (policy) => policy.permissive && (policy.command === "all" || policy.command === cell.command) && policy.roles.some((member) => member === "public" || member === role)
  );
}
var without = (wanted, cells) => new Set([...wanted].filter((key) => !cells.some((cell) => keyOf(cell) === key)));
function distil(bySpec) {
  const found = [];
  for (const cell of bySpec.flat()) {
    const same = found.filter((other2) => keyOf(other2) === keyOf(cell));
    if (same.some((other2) => other2.when === cell.when)) continue;
    if (same.some((other2) => other2.via !== null && other2.via === cell.via && cell.when.startsWith(other2.when)))
      continue;
    found.push(cell);
  }
  return found;
}
async function tryAll(context, wanted, specs2) {
  const cases = specs2.map((spec) => {
    const seen2 = /* @__PURE__ */ new Set();
    return casesOf(context, context.subjects, identitiesOf(context, spec), spec.choose).filter((entry) => {
      const key = keyOf({ ...entry, principal: entry.identity.principal });
      const id = entry.command === "insert" ? `${key} ${entry.columns.join()}` : key;
      if (!wanted.has(key) || seen2.has(id)) return false;
      seen2.add(id);
      return true;
    });
  });
  const attempted = await attemptAll(
    context.session,
    cases.flatMap(
      (list, index) => list.map(({ attempt }) => ({
        ...attempt,
        prepare: [...changing(specs2[index].changes), ...attempt.prepare ?? []]
      }))
    )
  );
  let at2 = 0;
  return cases.map(
    (list, index) => list.flatMap((entry) => {
      const cell = cellOf2(entry, attempted[at2], specs2[index]);
      at2 += 1;
      return cell === null ? [] : [cell];
    })
  );
}
var changing = (changes) => changes.length === 0 ? [] : [triggersOff4, ...changes, triggersOn4];
function identitiesOf(context, spec) {
  return context.identities.filter((identity) => identity.principal !== "service_role").filter((identity) => !spec.onlyUsers || identity.principal !== "anon").map(
    (identity) => spec.claims === void 0 || identity.principal === "anon" ? identity : { ...identity, claims: merge(identity.claims, spec.claims) }
  );
}
function cellOf2(entry, attempted, spec) {
  if (attempted.unprepared !== null) return null;
  const verdict = entry.judge(attempted);
  if (verdict.outcome !== "allowed" && verdict.outcome !== "constraint") return null;
  return {
    principal: entry.identity.principal,
    command: entry.command,
    subject: entry.subject,
    outcome: verdict.outcome,
    columns: verdict.columns ?? entry.columns,
    representation: true,
    when: spec.when,
    via: spec.via,
    ...spec.ownTenant && (entry.subject === "foreign" || entry.subject === "spoof") && { acrossTenants: true },
    proof: [
      ...spec.changes.map((sql) => ({ as: "superuser (the condition)", sql, result: "done" })),
      { as: entry.identity.label, sql: entry.attempt.sql, result: resultOf(attempted.outcome) }
    ],
    reason: verdict.reason
  };
}
var shown = (column, value) => value === null ? `${column} is null` : /^(true|false|-?\d+(\.\d+)?)$/.test(value) ? `${column} = ${value}` : `${column} = '${value}'`;
var shownAll = (values, qualifier = "") => Object.entries(values).map(([column, value]) => shown(qualifier + column, value)).join(" and ");
var updating = (table, values, rows) => `update ${table} set ${Object.entries(values).map(([column, value]) => `${name(column)} = ${literal(value)}`).join(", ")} where ${rows.map((row) => `(${whereIs(row)})`).join(" or ")}`;
function toggles(context) {
  const { reading, table, ownership, planner } = context;
  const found = [];
  const seen2 = /* @__PURE__ */ new Set();
  for (const atom of reading.values) {
    const id = `${atom.table}.${atom.column}`;
    if (seen2.has(id)) continue;
    const own = atom.table === table.key;
    if (own && !atom.home) continue;
    if (!own && ownership.trusted.has(atom.table) && !hangsOn(context, atom.table)) continue;
    seen2.add(id);
    if (rowsOf(context, atom.table).length === 0) continue;
    for (const value of planner.choice(atom.table, atom.column)?.open.slice(0, 3) ?? []) {
      found.push({ table: atom.table, column: atom.column, value, own });
    }
  }
  return found;
}
function rowsOf(context, table) {
  const rows = [userA, userB].flatMap((user3) => context.world.row(table, user3) ?? []);
  if (table === context.table.key && context.subjects.unowned) rows.push(context.subjects.unowned);
  return rows;
}
function rowWorlds(context) {
  return toggles(context).map(({ table, column, value, own }) => ({
    changes: [updating(table, { [column]: value }, rowsOf(context, table))],
    when: `rows where ${shown(own ? column : `${table}.${column}`, value)}`,
    via: own ? null : table,
    ...own && { choose: /* @__PURE__ */ new Map([[column, value]]) }
  }));
}
function everyRowOpen(context) {
  const first = /* @__PURE__ */ new Map();
  for (const toggle of toggles(context)) {
    const id = `${toggle.table}.${toggle.column}`;
    if (!first.has(id)) first.set(id, toggle);
  }
  if (first.size < 2) return null;
  const all = [...first.values()];
  return {
    changes: all.map(
      ({ table, column, value }) => updating(table, { [column]: value }, rowsOf(context, table))
    ),
    when: `rows where ${all.map(({ own, table, column, value }) => shown(own ? column : `${table}.${column}`, value)).join(" and ")}`,
    via: null,
    choose: new Map(all.filter(({ own }) => own).map(({ column, value }) => [column, value]))
  };
}
var hangsOn = (context, table) => context.planner.ancestors(context.table.key).has(table) && !context.ownership.ownersOf(table).some((owner) => context.state.tables.get(table)?.primaryKey?.columns.includes(owner.column));
function trustedTables(context) {
  const { reading, ownership, table } = context;
  const members = [...reading.tables].filter((key) => key !== table.key && ownership.trusted.has(key)).toSorted();
  if (ownership.ownersOf(table.key).length > 0 && reading.tables.has(table.key)) members.push(table.key);
  return members;
}
function choicesRead(context, key) {
  const { planner, reading } = context;
  const read2 = [...planner.choices(key)].filter(
    ([column, choice]) => choice.open.length > 0 && reading.values.some((atom) => !atom.home && atom.table === key && atom.column === column)
  );
  const states = Object.fromEntries(
    read2.filter(([column]) => !rank.test(column)).map(([column, choice]) => [column, choice.open[0]])
  );
  return { states, ranks: read2.filter(([column]) => rank.test(column)) };
}
async function trustWorlds(context, key) {
  const row = await context.trusted.rowIn(key);
  if ("failure" in row) {
    context.skip(`access through a row in ${key}`, row.failure);
    return [];
  }
  const ownTenant = sharesTenant(context, key);
  const plain = { via: key, onlyUsers: true };
  const specs2 = [];
  if (row.inserts.length > 0) {
    specs2.push({ ...plain, changes: row.inserts, when: `a row in ${key}`, ownTenant });
  }
  const { states, ranks } = choicesRead(context, key);
  const assignments = [];
  if (Object.keys(states).length > 0) assignments.push({ values: states, ranked: false });
  for (const [column, choice] of ranks) {
    for (const value of choice.open.slice(0, 5))
      assignments.push({ values: { ...states, [column]: value }, ranked: true });
  }
  if (ranks.length > 1) {
    const highest = Object.fromEntries(ranks.map(([column, choice]) => [column, choice.open[0]]));
    assignments.push({ values: { ...states, ...highest }, ranked: true });
  }
  for (const { values, ranked } of assignments) {
    specs2.push({
      ...plain,
      changes: [...row.inserts, updating(key, values, [row.row])],
      when: `a row in ${key} with ${shownAll(values)}`,
      ownTenant: ownTenant && !ranked
    });
  }
  return specs2;
}
function sharesTenant(context, key) {
  const around = /* @__PURE__ */ new Set([...context.planner.ancestors(context.table.key), context.table.key]);
  return (context.state.tables.get(key)?.foreignKeys ?? []).some(
    (foreign) => around.has(foreign.references) && foreign.references !== key && !context.ownership.ownersOf(key).some((owner) => foreign.columns.includes(owner.column))
  );
}
async function naming(context, key) {
  const row = await context.trusted.rowIn(key);
  if ("failure" in row) return [];
  const { reading, world } = context;
  const callers = new Set(reading.callers.filter((atom) => atom.table === key).map((atom) => atom.column));
  const linked = {};
  for (const { left, right } of reading.links) {
    for (const [near, far] of [
      [left, right],
      [right, left]
    ]) {
      if (near.table !== key || far.table === key) continue;
      const value = world.row(far.table, userB)?.values[far.column];
      if (value != null) linked[near.column] = value;
    }
  }
  const { states } = choicesRead(context, key);
  return Object.entries(linked).filter(([column]) => callers.size !== 1 || !callers.has(column)).map(([column, value]) => ({
    changes: [...row.inserts, updating(key, { ...states, [column]: value }, [row.row])],
    when: `a row in ${key} that names it by ${column}`,
    via: key,
    onlyUsers: true
  }));
}
var fixed = /* @__PURE__ */ new Set(["role", "sub", "email", "phone", "aud", "iss", "is_anonymous"]);
function claimWorlds(context) {
  const { reading, world, planner } = context;
  const specs2 = [];
  const seen2 = /* @__PURE__ */ new Set();
  const add = (path, value, when, changes = []) => {
    const id = `${path.join(".")}=${JSON.stringify(value)}`;
    if (seen2.has(id) || fixed.has(path[0])) return;
    seen2.add(id);
    specs2.push({ changes, when, via: null, claims: nested(path, value), onlyUsers: true });
  };
  for (const { path, values } of reading.claims) {
    for (const value of values) {
      const typed = value === "true" ? true : value === "false" ? false : value;
      add(path, typed, `a token whose claim ${path.join(".")} is ${JSON.stringify(typed)}`);
    }
  }
  for (const atom of reading.callers) {
    if (atom.caller.kind !== "claim") continue;
    const row = world.row(atom.table, userA);
    const value = row?.values[atom.column];
    if (row === void 0 || value == null) continue;
    const { path } = atom.caller;
    const open = atom.table === context.table.key ? {} : openValues(planner, atom.table);
    const changes = Object.keys(open).length > 0 ? [updating(atom.table, open, [row])] : [];
    const claim = `a token whose claim ${path.join(".")}`;
    add(path, value, `${claim} is the row's ${atom.column}`, changes);
    if (atom.form === "array") add(path, [value], `${claim} holds the row's ${atom.column}`, changes);
  }
  return specs2;
}
var openValues = (planner, key) => Object.fromEntries(
  [...planner.choices(key)].filter(([, choice]) => choice.open.length > 0).map(([column, choice]) => [column, choice.open[0]])
);
function nested(path, value) {
  const [first, ...rest] = path;
  return { [first]: rest.length === 0 ? value : nested(rest, value) };
}
var isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
function merge(base, extra) {
  const merged = { ...base };
  for (const [key, value] of Object.entries(extra)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return merged;
}
async function everythingOpen(context) {
  const { reading, planner, ownership } = context;
  const changes = [];
  const parts = [];
  for (const key of [...reading.tables].toSorted()) {
    if (!context.state.tables.has(key) || key === context.table.key) continue;
    const row = await context.trusted.rowIn(key);
    if ("failure" in row) continue;
    const open = openValues(planner, key);
    changes.push(...row.inserts.filter((sql) => !changes.includes(sql)));
    if (Object.keys(open).length > 0) changes.push(updating(key, open, [row.row]));
    if (ownership.trusted.has(key) || Object.keys(open).length > 0) {
      parts.push(`a row in ${key}${Object.keys(open).length > 0 ? ` with ${shownAll(open)}` : ""}`);
    }
  }
  const own = openValues(planner, context.table.key);
  const rows = rowsOf(context, context.table.key);
  if (Object.keys(own).length > 0 && rows.length > 0) {
    changes.push(updating(context.table.key, own, rows));
    parts.push(`rows where ${shownAll(own)}`);
  }
  let claims = {};
  for (const spec of claimWorlds(context)) {
    claims = merge(spec.claims, claims);
    parts.push(spec.when);
    changes.push(...spec.changes);
  }
  if (parts.length < 2) return null;
  return {
    changes,
    when: parts.join(", and "),
    via: [...reading.tables].find((key) => ownership.trusted.has(key)) ?? null,
    choose: new Map(Object.entries(own)),
    claims,
    onlyUsers: true
  };
}

// src/probes/probe.ts
async function probe(engine2, options) {
  const session = engine2.admin;
  await session.exec("begin");
  try {
    await session.exec(
      `set local lc_messages = 'C'; set local timezone = 'UTC'; set local row_security = on; set local datestyle = 'ISO, MDY'; set local client_min_messages = 'error'; set constraints all deferred`
    );
    return await probeInside(session, options);
  } finally {
    await session.exec("rollback").catch(() => void 0);
  }
}
async function probeInside(session, options) {
  const { state: state2, project } = options;
  const exposed = new Set(project.exposedSchemas);
  const searchPath = (schema) => searchPathOf(schema, project.extraSearchPath);
  const notChecked = [];
  const skip = (what, why) => notChecked.push({ what, why, file: null, line: null });
  const readings = /* @__PURE__ */ new Map();
  for (const table of state2.tables.values()) {
    readings.set(table.key, table.policies.length > 0 ? readPolicies(table, state2) : emptyReading());
  }
  const catalog = await readCatalog(session, [.../* @__PURE__ */ new Set([...exposed, "storage", "realtime"])]);
  const signUps = await signUpUsers(session, state2, {
    anonymous: project.anonymousSignIns,
    phone: project.phoneSignIns
  });
  const ownership = readOwnership(
    state2,
    readings,
    await functionsThatGiveUid(session, readings, searchPath("public"))
  );
  const values = createValues(state2, catalog);
  const absent = absentTables(state2, readings, ownership, signUps.creates);
  const planner = createPlanner(state2, readings, ownership, values, absent);
  const world = new World(session, state2, planner, ownership, values, (object) => options.onObject?.(object));
  const probed = [...state2.tables.values()].filter(
    (table) => exposed.has(table.schema) && table.kind !== "foreign" && !options.leaveOut?.has(table.key)
  ).toSorted((a, b) => a.key < b.key ? -1 : 1);
  const policyErrors = await findPolicyErrors(session, probed, catalog.privileges, searchPath);
  const needs = (table) => /* @__PURE__ */ new Set([...planner.ancestors(table.key), table.key]);
  const common2 = /* @__PURE__ */ new Set();
  for (const table of probed) {
    const needed = needs(table);
    if (![...needed].some((key) => absent.has(key) || options.leaveOut?.has(key)))
      for (const key of needed) common2.add(key);
  }
  for (const user3 of [userA, userB]) await world.lay(common2, user3);
  await forgetAbsent(session, absent, ownership);
  const identities3 = [anon, signedIn(userA), serviceRole];
  if (project.anonymousSignIns) identities3.splice(2, 0, signedInAnonymously(userA));
  const trusted = createTrustedRows(session, world, planner, state2);
  const objects = [];
  for (const table of probed) {
    options.onObject?.(table.key);
    await session.exec("savepoint of_table");
    const restore = world.mark();
    for (const user3 of [userA, userB]) await world.lay(needs(table), user3);
    options.onObject?.(table.key);
    const context = {
      session,
      table,
      planner,
      ownership,
      values,
      privileges: catalog.privileges,
      searchPath: searchPath(table.schema),
      deferred: catalog.deferred,
      compared: new Set(
        readings.get(table.key).callers.filter((atom) => atom.table === table.key).map((atom) => atom.column)
      )
    };
    const a = world.row(table.key, userA);
    const b = world.row(table.key, userB);
    const unowned = await layUnowned(session, context, world);
    if (a === void 0 || b === void 0) {
      skip(`rows of ${table.key}`, world.failures.get(table.key) ?? "no row could be laid");
    }
    const subjects = { a, b, unowned };
    const closed = await probeCases(context, casesOf(context, subjects, identities3));
    const conditional = await conditionalCells(
      { ...context, state: state2, reading: readings.get(table.key), world, subjects, identities: identities3, trusted, skip },
      closed
    );
    const cells = [...closed, ...conditional];
    objects.push({
      object: table.key,
      kind: "table",
      rls: table.rls,
      summary: summarize(cells),
      cells,
      ownerColumns: ownership.columnsOf(table.key)
    });
    restore();
    await session.exec("rollback to savepoint of_table; release savepoint of_table");
  }
  const escalations = await findEscalations(
    {
      session,
      state: state2,
      planner,
      ownership,
      privileges: catalog.privileges,
      world,
      searchPath,
      exposed
    },
    objects.flatMap((object) => prizesOf(object.object, object.cells))
  );
  objects.push(
    ...await probeAround(options, session, world, catalog.privileges, searchPath, objects, skip)
  );
  return { objects, signUps: signUps.runs, policyErrors, escalations, notChecked };
}
async function probeAround(options, session, world, privileges2, searchPath, tables, skip) {
  const { state: state2, project } = options;
  const context = {
    session,
    state: state2,
    world,
    privileges: privileges2,
    searchPath,
    exposed: new Set(project.exposedSchemas),
    leaveOut: options.leaveOut ?? /* @__PURE__ */ new Set(),
    onObject: (object) => options.onObject?.(object),
    tables: new Map(tables.map((table) => [table.object, table])),
    skip
  };
  await session.exec("savepoint around");
  const restore = world.mark();
  const wanted = [...state2.tables.values()].filter((table) => !platformSchemas.has(table.schema)).map((table) => table.key);
  await world.lay(wanted, userB);
  const buckets = new Map(
    [
      ...state2.buckets.values(),
      ...(project.buckets ?? []).map(({ name: name2, public: open }) => ({ id: name2, public: open }))
    ].map((bucket) => [bucket.id, bucket])
  );
  const found = [
    ...await probeViews(context),
    ...await probeFunctions(context),
    ...await probeBuckets(
      context,
      [...buckets.values()],
      project.anonymousSignIns ? [signedInAnonymously(userA)] : []
    )
  ];
  restore();
  await session.exec("rollback to savepoint around; release savepoint around");
  return found;
}
async function functionsThatGiveUid(session, readings, searchPath) {
  const asked = /* @__PURE__ */ new Set();
  for (const reading of readings.values()) {
    for (const atom of reading.callers) if (atom.caller.kind === "function") asked.add(atom.caller.key);
  }
  const giving = /* @__PURE__ */ new Set();
  for (const key of [...asked].toSorted()) {
    const call2 = key.replace(/\(.*\)$/s, "()");
    const outcomes = await session.batch([
      "savepoint ask",
      `select set_config('search_path', '${searchPath.replaceAll("'", "''")}', true)`,
      withClaims(claimsOf(userA)),
      `select ${call2}::text as given`,
      withClaims(claimsOf(userB)),
      `select ${call2}::text as given`,
      "rollback to savepoint ask",
      "release savepoint ask"
    ]);
    const given = (index) => {
      const outcome = outcomes[index];
      return outcome.ok ? outcome.rows[0]?.given ?? null : null;
    };
    if (given(3) === userA.id && given(5) === userB.id) giving.add(key);
  }
  return giving;
}
async function forgetAbsent(session, absent, ownership) {
  if (absent.size === 0) return;
  const statements = [...absent].toSorted().flatMap((key) => {
    const owners = ownership.ownersOf(key).filter((owner) => owner.caller.kind === "uid" && owner.form === "plain");
    if (owners.length === 0) return [];
    const condition = owners.map((owner) => `"${owner.column}"::text in ('${userA.id}', '${userB.id}')`).join(" or ");
    return [`delete from ${key} where ${condition}`];
  });
  await session.exec(
    [
      `select set_config('session_replication_role', 'replica', true)`,
      ...statements,
      `select set_config('session_replication_role', 'origin', true)`
    ].join(";\n")
  );
}

// src/sql/names.ts
var keywords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
  not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
  primary real references returning right row select session_user setof similar smallint some substring symmetric
  system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
  varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
  xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/)
);
var builtinTypes = new Map(
  `aclitem any:"any" anyarray anycompatible anycompatiblearray anycompatiblemultirange anycompatiblenonarray
  anycompatiblerange anyelement anyenum anymultirange anynonarray anyrange bit bool:boolean box bpchar:character bytea
  char:"char" cid cidr circle cstring date datemultirange daterange event_trigger fdw_handler float4:real
  float8:double_precision gtsvector index_am_handler inet int2:smallint int2vector int4:integer int4multirange
  int4range int8:bigint int8multirange int8range internal interval json jsonb jsonpath language_handler line lseg
  macaddr macaddr8 money name numeric nummultirange numrange oid oidvector path pg_ddl_command pg_dependencies pg_lsn
  pg_mcv_list pg_ndistinct pg_node_tree pg_snapshot point polygon record refcursor regclass regcollation regconfig
  regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype table_am_handler text tid
  time:time_without_time_zone timestamp:timestamp_without_time_zone timestamptz:timestamp_with_time_zone
  timetz:time_with_time_zone trigger tsm_handler tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector
  txid_snapshot unknown uuid varbit:bit_varying varchar:character_varying void xid xid8 xml`.split(/\s+/).map((entry) => {
    const [name2, printed] = entry.split(":");
    return [name2, (printed ?? name2).replaceAll("_", printed === void 0 ? "_" : " ")];
  })
);
function quoteIdent(name2) {
  return /^[a-z_][a-z0-9_]*$/.test(name2) && !keywords.has(name2) ? name2 : `"${name2.replaceAll('"', '""')}"`;
}
function keyOf2(schema, name2) {
  return `${quoteIdent(schema)}.${quoteIdent(name2)}`;
}
function functionKey(schema, name2, types) {
  return `${keyOf2(schema, name2)}(${types.join(", ")})`;
}
var geometryKinds = new Map(
  "Geometry Point LineString Polygon MultiPoint MultiLineString MultiPolygon GeometryCollection PointZ PointM PointZM PolygonZ LineStringZ MultiPolygonZ".split(" ").map((kind) => [kind.toLowerCase(), kind])
);

// src/sql/printed.ts
function printedExpression(text2) {
  return lazy(text2, () => parseExpression(text2));
}
function printedQuery(text2) {
  return lazy(text2, () => {
    const statement = parseStatements(text2)?.[0];
    return statement === void 0 ? null : { [statement.kind]: statement.node };
  });
}
function lazy(text2, parse) {
  let node;
  return {
    text: text2,
    get node() {
      if (node === void 0) node = parse();
      return node;
    }
  };
}

// src/database/catalog/state-sql.ts
var privileges = (acl, owner) => `
  (select json_agg(json_build_array(coalesce(g.rolname, 'public'), lower(a.privilege_type)))
     from aclexplode(${acl}) a left join pg_roles g on g.oid = a.grantee where a.grantee <> ${owner})`;
var columnNames2 = (relation, numbers) => `
  (select json_agg(named.attname order by listed.at) from unnest(${numbers}) with ordinality listed(number, at)
     left join pg_attribute named on named.attrelid = ${relation} and named.attnum = listed.number)`;
var stateSql = `
with member as materialized (select classid, objid from pg_depend where deptype = 'e'),
space as materialized (
  select oid, nspname, nspowner, nspacl from pg_namespace
  where nspname <> 'information_schema' and nspname !~ '^pg_'),
class as materialized (
  select c.*, s.nspname, pg_get_userbyid(c.relowner) as owner
  from pg_class c join space s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = c.oid)),
col as materialized (
  select a.attrelid, json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'expression', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'generated', a.attgenerated,
      'comment', e.description, 'acl', ${privileges("a.attacl", "c.relowner")}) order by a.attnum) as columns
  from class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  left join pg_description e on e.classoid = 'pg_class'::regclass and e.objoid = c.oid and e.objsubid = a.attnum
  where c.relkind <> 'S' group by a.attrelid),
con as materialized (
  select k.conrelid, json_agg(json_build_object(
      'name', k.conname, 'kind', k.contype, 'columns', ${columnNames2("k.conrelid", "k.conkey")},
      'schema', fs.nspname, 'table', f.relname, 'references', ${columnNames2("k.confrelid", "k.confkey")},
      'onDelete', k.confdeltype, 'onUpdate', k.confupdtype, 'validated', k.convalidated,
      'expression', pg_get_expr(k.conbin, k.conrelid)) order by k.oid) as constraints
  from class c join pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'u', 'x', 'f', 'c')
  left join pg_class f on f.oid = k.confrelid left join pg_namespace fs on fs.oid = f.relnamespace
  -- A key to a partitioned table has a twin for each partition there: the same key to whoever wrote it.
  where not exists (select from pg_constraint p where p.oid = k.conparentid and p.conrelid = k.conrelid)
  group by k.conrelid),
ind as materialized (
  select i.indrelid, json_agg(json_build_object(
      'name', x.relname, 'columns', ${columnNames2("i.indrelid", "i.indkey::int2[]")}, 'keys', i.indnkeyatts,
      'unique', i.indisunique, 'method', m.amname, 'predicate', pg_get_expr(i.indpred, i.indrelid),
      'valid', i.indisvalid, 'definition', pg_get_indexdef(x.oid),
      'constraint', exists (select from pg_constraint k where k.conindid = x.oid and k.contype in ('p', 'u', 'x')))
      order by x.oid) as indexes
  from class c join pg_index i on i.indrelid = c.oid join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
  group by i.indrelid),
pol as materialized (
  select p.polrelid, json_agg(json_build_object(
      'name', p.polname, 'command', p.polcmd, 'permissive', p.polpermissive,
      'roles', (select json_agg(coalesce(r.rolname, 'public') order by k.at)
        from unnest(p.polroles) with ordinality k(role, at) left join pg_roles r on r.oid = k.role),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'comment', obj_description(p.oid, 'pg_policy')) order by p.oid) as policies
  from pg_policy p group by p.polrelid),
trig as materialized (
  select t.tgrelid, json_agg(json_build_object(
      'name', t.tgname, 'type', t.tgtype, 'schema', n.nspname, 'function', f.proname, 'enabled', t.tgenabled <> 'D')
      order by t.oid) as triggers
  from pg_trigger t join pg_proc f on f.oid = t.tgfoid join pg_namespace n on n.oid = f.pronamespace
  where not t.tgisinternal group by t.tgrelid)
select json_build_object(
'schemas', (select json_agg(json_build_object(
    'name', s.nspname, 'owner', pg_get_userbyid(s.nspowner), 'acl', ${privileges("s.nspacl", "s.nspowner")})
    order by s.oid) from space s),
'tables', (select json_agg(json_build_object(
    'schema', c.nspname, 'name', c.relname, 'kind', c.relkind, 'partition', c.relispartition, 'owner', c.owner,
    'rls', c.relrowsecurity, 'force', c.relforcerowsecurity, 'comment', obj_description(c.oid, 'pg_class'),
    'parent', (select json_build_array(n.nspname, p.relname) from pg_inherits h join pg_class p on p.oid = h.inhparent
      join pg_namespace n on n.oid = p.relnamespace where h.inhrelid = c.oid and h.inhseqno = 1),
    'acl', ${privileges("c.relacl", "c.relowner")}, 'columns', col.columns, 'constraints', con.constraints,
    'indexes', ind.indexes, 'policies', pol.policies, 'triggers', trig.triggers) order by c.oid)
  from class c left join col on col.attrelid = c.oid left join con on con.conrelid = c.oid
  left join ind on ind.indrelid = c.oid left join pol on pol.polrelid = c.oid left join trig on trig.tgrelid = c.oid
  where c.relkind in ('r', 'p', 'f')),
'views', (select json_agg(json_build_object(
    'schema', c.nspname, 'name', c.relname, 'kind', c.relkind, 'owner', c.owner, 'options', c.reloptions,
    'comment', obj_description(c.oid, 'pg_class'), 'definition', pg_get_viewdef(c.oid),
    'acl', ${privileges("c.relacl", "c.relowner")}, 'columns', col.columns, 'indexes', ind.indexes,
    'triggers', trig.triggers,
    'reads', (select json_agg(distinct jsonb_build_array(n.nspname, r.relname)) from pg_rewrite w
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
      join pg_class r on r.oid = d.refobjid and r.oid <> c.oid and r.relkind in ('r', 'p', 'f', 'v', 'm')
      join pg_namespace n on n.oid = r.relnamespace where w.ev_class = c.oid)) order by c.oid)
  from class c left join col on col.attrelid = c.oid left join ind on ind.indrelid = c.oid
  left join trig on trig.tgrelid = c.oid where c.relkind in ('v', 'm')),
'sequences', (select json_agg(json_build_object(
    'schema', c.nspname, 'name', c.relname, 'owner', c.owner, 'acl', ${privileges("c.relacl", "c.relowner")},
    'ownedBy', (select json_build_array(n.nspname, t.relname, a.attname, d.deptype) from pg_depend d
      join pg_class t on t.oid = d.refobjid join pg_namespace n on n.oid = t.relnamespace
      join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i') limit 1)) order by c.oid)
  from class c where c.relkind = 'S'),
'routines', (select json_agg(json_build_object(
    'schema', s.nspname, 'name', p.proname, 'kind', p.prokind, 'owner', pg_get_userbyid(p.proowner),
    'names', p.proargnames, 'modes', p.proargmodes, 'defaults', p.pronargdefaults,
    'types', (select json_agg(format_type(k.type, null) order by k.at)
      from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality k(type, at)),
    'returns', pg_get_function_result(p.oid), 'language', l.lanname,
    'body', case when p.prosqlbody is null then p.prosrc else pg_get_function_sqlbody(p.oid) end,
    'definer', p.prosecdef, 'config', p.proconfig, 'volatility', p.provolatile, 'strict', p.proisstrict,
    'comment', obj_description(p.oid, 'pg_proc'),
    'acl', ${privileges("coalesce(p.proacl, acldefault('f', p.proowner))", "p.proowner")}) order by p.oid)
  from pg_proc p join space s on s.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where not exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid = p.oid)),
'types', (select json_agg(json_build_object(
    'schema', s.nspname, 'name', t.typname, 'kind', t.typtype,
    'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    order by t.oid)
  from pg_type t join space s on s.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
  where (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid = t.oid)
    and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = t.typrelid)),
'extensions', (select json_agg(json_build_object('name', e.extname, 'schema', n.nspname) order by e.extname)
  from pg_extension e join pg_namespace n on n.oid = e.extnamespace),
'publications', (select json_agg(json_build_object(
    'name', p.pubname, 'all', p.puballtables,
    'tables', (select json_agg(json_build_array(n.nspname, c.relname) order by n.nspname, c.relname)
      from pg_publication_rel r join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
      where r.prpubid = p.oid),
    'schemas', (select json_agg(n.nspname order by n.nspname) from pg_publication_namespace r
      join pg_namespace n on n.oid = r.pnnspid where r.pnpubid = p.oid)) order by p.pubname)
  from pg_publication p),
'defaults', (select json_agg(json_build_array(pg_get_userbyid(d.defaclrole), n.nspname, d.defaclobjtype,
    coalesce(g.rolname, 'public'), lower(a.privilege_type)))
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral aclexplode(d.defaclacl) a left join pg_roles g on g.oid = a.grantee),
'buckets', to_regclass('storage.buckets') is not null
) as state`;
var bucketsSql = "select id, public from storage.buckets order by id";

// src/database/catalog/state.ts
async function readState(session) {
  const [path] = await session.query("select current_setting('search_path') as path");
  await session.exec("set search_path = ''");
  try {
    const [row] = await session.query(stateSql);
    const catalog = JSON.parse(row?.state ?? "{}");
    const buckets = catalog.buckets ? await session.query(bucketsSql) : [];
    return toState(catalog, buckets);
  } finally {
    await session.query("select set_config('search_path', $1, false)", [path?.path ?? ""]);
  }
}
function toState(catalog, buckets) {
  const sequences = (catalog.sequences ?? []).map(toSequence);
  const serials = new Map(
    (catalog.sequences ?? []).filter(({ ownedBy }) => ownedBy?.[3] === "a").map(({ schema, name: name2, ownedBy }) => [columnKey(ownedBy), keyOf2(schema, name2)])
  );
  return {
    source: "catalog",
    schemas: byKey(
      (catalog.schemas ?? []).map(({ name: name2, owner, acl }) => ({
        name: name2,
        owner,
        grants: grants(acl),
        origin: null
      })),
      ({ name: name2 }) => name2
    ),
    tables: byKey((catalog.tables ?? []).map((table) => toTable(table, serials))),
    views: byKey((catalog.views ?? []).map(toView)),
    routines: byKey((catalog.routines ?? []).map(toRoutine)),
    types: byKey(
      (catalog.types ?? []).map(({ schema, name: name2, kind, values }) => ({
        kind: typeKinds[kind] ?? "composite",
        key: keyOf2(schema, name2),
        schema,
        name: name2,
        values: values ?? [],
        origin: null
      }))
    ),
    sequences: byKey(sequences),
    extensions: byKey(
      (catalog.extensions ?? []).map((extension2) => ({ ...extension2, origin: null })),
      ({ name: name2 }) => name2
    ),
    publications: byKey(
      (catalog.publications ?? []).map(({ name: name2, all, tables, schemas }) => ({
        name: name2,
        allTables: all,
        schemas: schemas ?? [],
        tables: (tables ?? []).map((table) => ({ table: keyOf2(...table), origin: null }))
      })),
      ({ name: name2 }) => name2
    ),
    buckets: new Map(
      buckets.map(({ id, public: isPublic }) => [
        id,
        { id, public: /^t/.test(isPublic ?? ""), origin: null }
      ])
    ),
    defaultPrivileges: (catalog.defaults ?? []).map(
      ([role, schema, objects, grantee, privilege]) => ({
        role,
        schema,
        objects: defaultObjects[objects] ?? "tables",
        grantee,
        privilege
      })
    ),
    unknown: [],
    era: null
  };
}
function byKey(objects, key = (object) => object.key) {
  return new Map(objects.map((object) => [key(object), object]));
}
var columnKey = ([schema, table, column]) => `${keyOf2(schema, table)}.${quoteIdent(column)}`;
var typeKinds = {
  e: "enum",
  d: "domain",
  r: "range"
};
var defaultObjects = {
  r: "tables",
  S: "sequences",
  f: "functions",
  T: "types",
  n: "schemas"
};
var actions = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default"
};
function grants(acl) {
  return (acl ?? []).map(([grantee, privilege]) => ({ grantee, privilege, columns: null, origin: null }));
}
function columnGrants(columns) {
  const merged = /* @__PURE__ */ new Map();
  for (const column of columns ?? []) {
    for (const [grantee, privilege] of column.acl ?? []) {
      const grant = merged.get(`${grantee} ${privilege}`);
      if (grant !== void 0) grant.columns.push(column.name);
      else
        merged.set(`${grantee} ${privilege}`, { grantee, privilege, columns: [column.name], origin: null });
    }
  }
  return [...merged.values()];
}
var expressionOrNull = (text2) => text2 === null ? null : printedExpression(text2);
function toTable(table, serials) {
  const key = keyOf2(table.schema, table.name);
  const constraints = table.constraints ?? [];
  const keys = (kind) => constraints.filter((entry) => entry.kind === kind).map(toKey);
  return {
    kind: table.partition ? "partition" : table.kind === "p" ? "partitioned" : table.kind === "f" ? "foreign" : "table",
    key,
    schema: table.schema,
    name: table.name,
    parent: table.parent === null ? null : keyOf2(...table.parent),
    columns: (table.columns ?? []).map((column) => toColumn(column, key, serials)),
    primaryKey: keys("p")[0] ?? null,
    uniques: keys("u"),
    exclusions: keys("x"),
    foreignKeys: constraints.filter((entry) => entry.kind === "f").map(toForeignKey),
    checks: constraints.filter((entry) => entry.kind === "c").map(toCheck),
    indexes: (table.indexes ?? []).map(toIndex),
    policies: (table.policies ?? []).map(toPolicy),
    triggers: (table.triggers ?? []).map(toTrigger),
    grants: [...grants(table.acl), ...columnGrants(table.columns)],
    rls: table.rls,
    forceRls: table.force,
    comment: table.comment,
    owner: table.owner,
    origin: null,
    rlsOrigin: null,
    unknown: []
  };
}
function toColumn(column, table, serials) {
  return {
    name: column.name,
    type: column.type,
    notNull: column.notNull,
    default: column.generated === "" ? expressionOrNull(column.expression) : null,
    identity: column.identity === "a" ? "always" : column.identity === "d" ? "by default" : null,
    generated: column.generated === "" ? null : expressionOrNull(column.expression),
    sequence: serials.get(`${table}.${quoteIdent(column.name)}`) ?? null,
    comment: column.comment,
    origin: null
  };
}
function toKey({ name: name2, columns }) {
  return { name: name2, columns: (columns ?? []).filter((column) => column !== null), origin: null };
}
function toForeignKey(constraint) {
  const onDelete = actions[constraint.onDelete] ?? "no action";
  return {
    ...toKey(constraint),
    references: keyOf2(constraint.schema ?? "", constraint.table ?? ""),
    referencedColumns: constraint.references ?? [],
    onDelete,
    onUpdate: actions[constraint.onUpdate] ?? "no action",
    onDeleteStated: onDelete !== "no action",
    validated: constraint.validated
  };
}
function toCheck({ name: name2, expression: text2, validated }) {
  return { name: name2, expression: printedExpression(text2 ?? ""), validated, origin: null };
}
function toIndex(index) {
  return {
    name: index.name,
    columns: index.columns.slice(0, index.keys),
    unique: index.unique,
    method: index.method,
    predicate: expressionOrNull(index.predicate),
    include: index.columns.slice(index.keys).filter((column) => column !== null),
    constraint: index.constraint,
    valid: index.valid,
    definition: `${index.unique ? "UNIQUE " : ""}${index.definition.replace(/^.*? USING /s, "")}`,
    origin: null
  };
}
var commands3 = {
  r: "select",
  a: "insert",
  w: "update",
  d: "delete"
};
function toPolicy(policy) {
  return {
    name: policy.name,
    command: commands3[policy.command] ?? "all",
    permissive: policy.permissive,
    roles: policy.roles,
    // The catalog has PUBLIC for no TO at all.
    rolesStated: !policy.roles.includes("public"),
    using: expressionOrNull(policy.using),
    check: expressionOrNull(policy.check),
    comment: policy.comment,
    origin: null
  };
}
var triggerEvents = [
  [4, "insert"],
  [8, "delete"],
  [16, "update"],
  [32, "truncate"]
];
function toTrigger(trigger) {
  const { type } = trigger;
  return {
    name: trigger.name,
    timing: (type & 64) !== 0 ? "instead of" : (type & 2) !== 0 ? "before" : "after",
    events: triggerEvents.filter(([bit]) => (type & bit) !== 0).map(([, event]) => event),
    level: (type & 1) !== 0 ? "row" : "statement",
    function: keyOf2(trigger.schema, trigger.function),
    enabled: trigger.enabled,
    origin: null
  };
}
function toView(view) {
  return {
    kind: view.kind === "m" ? "materialized view" : "view",
    key: keyOf2(view.schema, view.name),
    schema: view.schema,
    name: view.name,
    securityInvoker: isOn(view.options, "security_invoker"),
    securityBarrier: isOn(view.options, "security_barrier"),
    definition: printedQuery(view.definition),
    columns: (view.columns ?? []).map((column) => column.name),
    reads: (view.reads ?? []).map((name2) => keyOf2(...name2)).sort(),
    indexes: (view.indexes ?? []).map(toIndex),
    triggers: (view.triggers ?? []).map(toTrigger),
    grants: [...grants(view.acl), ...columnGrants(view.columns)],
    owner: view.owner,
    comment: view.comment,
    origin: null,
    unknown: []
  };
}
function isOn(options, name2) {
  const value = options?.find((option) => option.startsWith(`${name2}=`))?.slice(name2.length + 1);
  return value !== void 0 && /^(t|tr|tru|true|on|y|ye|yes|1)$/i.test(value);
}
var argumentModes = {
  o: "out",
  b: "inout",
  v: "variadic",
  t: "table"
};
function toRoutine(routine) {
  const types = routine.types ?? [];
  const modes = types.map((_, at2) => argumentModes[routine.modes?.[at2] ?? "i"] ?? "in");
  const isInput = (at2) => modes[at2] !== "out" && modes[at2] !== "table";
  const inputs = types.map((_, at2) => at2).filter(isInput);
  const withDefault = new Set(inputs.slice(inputs.length - routine.defaults));
  return {
    kind: routine.kind === "p" ? "procedure" : routine.kind === "a" ? "aggregate" : "function",
    key: functionKey(
      routine.schema,
      routine.name,
      inputs.map((at2) => types[at2])
    ),
    schema: routine.schema,
    name: routine.name,
    arguments: types.map((type, at2) => ({
      name: routine.names?.[at2] || null,
      type,
      mode: modes[at2],
      hasDefault: withDefault.has(at2)
    })),
    returns: routine.returns ?? "",
    language: routine.language,
    body: routine.body,
    securityDefiner: routine.definer,
    config: Object.fromEntries(
      (routine.config ?? []).map((setting) => {
        const at2 = setting.indexOf("=");
        return [setting.slice(0, at2), setting.slice(at2 + 1)];
      })
    ),
    volatility: routine.volatility === "i" ? "immutable" : routine.volatility === "s" ? "stable" : "volatile",
    strict: routine.strict,
    grants: grants(routine.acl),
    owner: routine.owner,
    comment: routine.comment,
    origin: null
  };
}
function toSequence(sequence) {
  return {
    key: keyOf2(sequence.schema, sequence.name),
    schema: sequence.schema,
    name: sequence.name,
    ownedBy: sequence.ownedBy === null ? null : columnKey(sequence.ownedBy),
    owner: sequence.owner,
    grants: grants(sequence.acl),
    origin: null
  };
}

// ../../scratch/probes/try.ts
var target = process.argv[2];
var filter = process.argv[3];
var files = statSync(target).isDirectory() ? readdirSync(target).filter((f) => /^\d+_.*\.sql$/.test(f)).sort().map((f) => join2(target, f)) : [target];
var engine = await openEmbedded({ statementLimitMs: 3e4, extensions: ["vector", "citext", "pg_trgm", "btree_gist", "hstore", "ltree", "unaccent", "cube", "earthdistance", "fuzzystrmatch", "moddatetime"].filter((e) => {
  try {
    statSync("/work/wt/probes/dist/extensions/" + e + ".tar.gz");
    return true;
  } catch {
    return false;
  }
}) });
var bad = 0;
var t0 = Date.now();
await loadParser();
for (const f of files) {
  const src = parseSource(f, readFileSync(f, "utf8"));
  await engine.postgresRole.exec('reset all; set search_path = "$user", public, extensions');
  const [whole] = await engine.postgresRole.batch([src.text]);
  if (whole.ok) continue;
  await engine.postgresRole.exec("rollback").catch(() => {
  });
  await engine.postgresRole.exec('reset all; set search_path = "$user", public, extensions');
  let fb = false;
  for (const st of src.statements) {
    const [o] = await engine.postgresRole.batch([st.sql]);
    if (!o.ok) {
      const m = o.error.message;
      if (/must be owner|permission denied/.test(m) && /PolicyStmt|AlterTable/.test(st.kind)) {
        const [o2] = await engine.admin.batch([st.sql]);
        if (o2.ok) continue;
      }
      fb = true;
      await engine.postgresRole.exec("rollback").catch(() => {
      });
      if (bad < 6 && process.env.V) console.log("  stmt", f.split("/").pop(), st.span.line, m.slice(0, 150));
    }
  }
  if (fb) bad++;
}
await engine.postgresRole.exec("reset all");
console.log("applied", files.length, "bad", bad, Date.now() - t0, "ms");
await loadParser();
var t = Date.now();
var state = await readState(engine.admin);
console.log("state", Date.now() - t, "tables", state.tables.size);
t = Date.now();
var at = "";
try {
  const B = process.env.B ? { n: 0, s: 0, ms: 0, srv: 0 } : null;
  if (B) {
    const ob = engine.admin.batch.bind(engine.admin);
    engine.admin.batch = async (x, y) => {
      const t2 = performance.now();
      const r = await ob(x, y);
      B.ms += performance.now() - t2;
      B.n++;
      B.s += x.length;
      const k = x.length <= 8 ? x[0].slice(0, 28) + "#" + x.length : x[0].slice(0, 28) + "#many";
      B.k ??= {};
      const q = B.k[k] ??= [0, 0, 0];
      q[0]++;
      q[1] += x.length;
      q[2] += performance.now() - t2;
      x.forEach((st, i) => {
        const kk = "S " + st.replace(/\s+/g, " ").slice(0, 22);
        const z = B.k[kk] ??= [0, 0, 0];
        z[0]++;
        z[2] += r[i]?.ms ?? 0;
      });
      B.srv += r.reduce((a, o) => a + o.ms, 0);
      return r;
    };
    const oe = engine.admin.exec.bind(engine.admin);
    engine.admin.exec = async (x) => {
      const t2 = performance.now();
      await oe(x);
      B.ms += performance.now() - t2;
      B.n++;
    };
  }
  const m = await probe(engine, { project: { exposedSchemas: (process.env.SCHEMAS ?? "public").split(","), extraSearchPath: ["public", "extensions"], anonymousSignIns: false, phoneSignIns: false }, state, onObject: (o) => {
    at = o;
  } });
  if (B) console.log("B", B.n, B.s, B.ms, B.srv);
  const ks = Object.entries(B.k).sort((a, b) => b[1][2] - a[1][2]).slice(0, 45);
  for (const [k, v] of ks) console.log("   ", k, v.map((x) => Math.round(x)).join(" "));
  console.log("probe", Date.now() - t, "ms", m.objects.length, "objects", m.objects.reduce((n, o) => n + o.cells.length, 0), "cells");
  for (const s of m.signUps) console.log("SIGNUP", s.variant, s.status, s.step ?? "", s.error?.message ?? "", JSON.stringify(s.created));
  for (const p of m.policyErrors) console.log("POLICYERR", p.object, p.principal, p.command, p.sqlstate, p.message);
  for (const e of m.escalations) console.log("ESCALATION", e.kind, e.object, "=>", e.opens, "\n   ", e.proof.map((p) => p.as + ": " + p.sql + " -> " + p.result).join("\n    "));
  for (const n of m.notChecked) console.log("NOTCHECKED", n.what, "|", n.why);
  for (const o of m.objects) {
    if (filter && !o.object.includes(filter)) continue;
    console.log(`
${o.object} ${o.kind} rls=${o.rls} owners=${o.ownerColumns}`);
    console.log("   ", ["anon", "user", "user-anonymous", "service_role"].map((p) => {
      const l = o.summary.filter((s) => s.principal === p);
      return l.length ? p + ": " + l.map((s) => s.command[0] + "=" + s.access).join(" ") : "";
    }).filter(Boolean).join(" | "));
    for (const c of o.cells) if (filter || c.principal !== "service_role" && (c.outcome === "unknown" || ["foreign", "spoof", "transfer"].includes(c.subject) && ["allowed", "constraint"].includes(c.outcome) || c.outcome === "error")) {
      console.log("     ", c.principal, c.command, c.subject, c.outcome, c.columns.join(","), c.when ? `[${c.when}]` : "", c.via ?? "", c.reason ?? "", c.representation ? "" : "NO-RETURNING");
      if (filter) for (const p of c.proof) console.log("          ", p.as, "|", p.sql, "|", p.result);
    }
  }
} catch (e) {
  console.log("ERR at", at, e);
}
await engine.close();
