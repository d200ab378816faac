export const id = 520;
export const ids = [520];
export const modules = {

/***/ 3593:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   readDefinition: () => (/* binding */ readDefinition)
/* harmony export */ });
/* harmony import */ var _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(8746);
/* harmony import */ var _OSTOOVYD_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(457);
/* harmony import */ var yaml__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(8815);



// lib/src/definition/fields.js
var ownFields = {
  TableName: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .regex */ .yG)(_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .namePattern */ ._u, _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .nameRule */ .Mp)),
  AttributeDefinitions: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({ AttributeName: _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .attributeName */ .CK, AttributeType: _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .attributeType */ .H2 })), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .minLength */ .Bp)(1))
};
var descriptions = {
  TableName: "the name in DynamoDB, without table-name-prefix. Default: the logical name.",
  AttributeDefinitions: "The type of each key attribute of the table and of its indexes: S, N or B. No others.",
  BillingMode: "PAY_PER_REQUEST (on demand) or PROVISIONED. Omitted: on demand at creation, then left as it is.",
  ProvisionedThroughput: "Capacity units a second of a provisioned table. Each global index needs its own.",
  StreamSpecification: "The stream of changes: StreamViewType turns it on, StreamEnabled: false turns it off.",
  GlobalSecondaryIndexes: "At most 20. An index that the list lacks is reported, and deleted only by `allow`.",
  LocalSecondaryIndexes: "At most 5, each with the partition key of the table. Fixed at creation."
};
var notManaged = [
  "ContributorInsightsSpecification",
  "ImportSourceSpecification",
  "KinesisStreamSpecification",
  "ResourcePolicy",
  "VectorIndexes",
  "WarmThroughput"
];
var notManagedMembers = {
  GlobalSecondaryIndexes: ["ContributorInsightsSpecification", "WarmThroughput"],
  StreamSpecification: ["ResourcePolicy", "Tags"]
};
var schemas = {
  ...ownFields,
  ...Object.fromEntries(_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .properties */ .qo.flatMap((property) => Object.entries((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .declarationOf */ .MI)(property).fields)))
};
var tableFields = Object.fromEntries(Object.entries(schemas).map(([field, schema]) => {
  const described = _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .properties */ .qo.find(({ name: each }) => each === field)?.description;
  return [field, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(schema, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)(descriptions[field] ?? described ?? field))];
}));
var { TableName: _, ...defaultFields } = tableFields;
function fieldsOf(fields) {
  return (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)(Object.fromEntries(Object.entries(fields).map(([field, schema]) => [field, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)(schema)])));
}
var tableSchema = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(fieldsOf(tableFields), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("A table, in the words of CloudFormation's AWS::DynamoDB::Table. What is omitted is left as it is."));
var defaultsSchema = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(fieldsOf(defaultFields), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("Fields of every table."));
var tablesSchema = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .regex */ .yG)(/^[a-zA-Z0-9_.-]{1,255}$/, "letters, digits and _ . -")), tableSchema), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("Tables by the logical names that outputs know them by. Those of an environment have only what differs."));
var environmentName = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .minLength */ .Bp)(1), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .maxLength */ .Ru)(256));
var definitionSchema = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
  $schema: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("The address of this schema, for editors of JSON."))),
  tenantKey: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .attributeName */ .CK, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("The attribute whose value is the tenant of an item. Default: tenant_id."))),
  defaults: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)(defaultsSchema),
  tables: tablesSchema,
  environments: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .record */ .g1)(environmentName, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
    defaults: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)(defaultsSchema),
    tables: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)(tablesSchema)
  })), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("Differences of environments, by the input `environment`, in any case.")))
});

// lib/src/definition/file-tree.js

var mostLevels = 30;
var tooDeep = `has more than ${mostLevels} levels.`;
var mostNodes = 5e4;
function parseFile(text) {
  try {
    return parseDocuments(text);
  } catch (error) {
    const message = error instanceof RangeError ? tooDeep : "is no YAML that can be read.";
    return { root: void 0, problems: [{ line: 1, column: 1, path: [], message }] };
  }
}
function parseDocuments(text) {
  const lines = new yaml__WEBPACK_IMPORTED_MODULE_2__/* .LineCounter */ .HN();
  const at = (offset) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const documents = [
    ...(0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .parseAllDocuments */ .hR)(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      // Repeated keys are found below, in less than quadratic time.
      uniqueKeys: false,
      // Without this, !!binary and !!set would give values that no definition has.
      resolveKnownTags: false,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: "silent"
    })
  ];
  const { problems, tags } = checkDocuments(documents, text);
  const [document] = documents;
  if (document === void 0 || problems.length > 0) {
    const all = [...problems, ...tags];
    return { root: void 0, problems: all.map(({ offset, message }) => ({ ...at(offset), path: [], message })) };
  }
  const reader = new TreeReader(document, tags, at);
  const root = reader.read(document.contents, 0, []);
  reader.reportTagsBefore(text.length, []);
  return { root, problems: reader.problems };
}
function checkDocuments(documents, text) {
  const complaints = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  const deepest = complaints.find(({ message }) => /call stack/i.test(message));
  if (deepest !== void 0)
    return { problems: [{ offset: deepest.pos[0], message: tooDeep }], tags: [] };
  const problems = [];
  const tags = [];
  for (const { code, message, pos } of complaints) {
    const [offset] = pos;
    if (code === "TAG_RESOLVE_FAILED")
      tags.push({ offset, message: explainTag(text.slice(...pos)) });
    else
      problems.push({ offset, message: `is no YAML that can be read. ${withoutContent(message)}` });
  }
  const [first, second] = documents;
  const { explicit, version } = first?.directives.yaml ?? {};
  if (explicit && version !== "1.2") {
    const message = `has the directive %YAML ${version}, but only YAML 1.2 is read. Remove the directive.`;
    problems.push({ offset: 0, message });
  }
  if (second !== void 0) {
    const message = "has a second document, but a definition is one document. Remove the line with ---.";
    problems.push({ offset: second.range[0], message });
  }
  if (first === void 0 || first.contents === null) {
    const message = 'is empty. Give the tables under "tables:"; examples/tables.yml has the built-in two.';
    return { problems: [...problems, { offset: 0, message }], tags: [] };
  }
  return { problems, tags: tags.sort((left, right) => left.offset - right.offset) };
}
var TreeReader = class {
  problems = [];
  /** The tags that have no path yet, the last one first. A tag stands before its value, so each is looked at once. */
  #tags;
  #at;
  #targets;
  /** The nodes that contain the present one, for an alias to one of them. */
  #open = /* @__PURE__ */ new Set();
  #count = 0;
  constructor(document, tags, at) {
    this.#tags = tags.toReversed();
    this.#at = at;
    this.#targets = findTargets(document);
  }
  /** @param offset of the name or the list that the node belongs to: some nodes have no place of their own */
  read(node, offset, path) {
    const start2 = node?.range[0] ?? offset;
    const position = this.#at(start2);
    const unreadable = { ...position, value: null };
    this.reportTagsBefore(start2, path);
    this.#count += 1;
    if (this.#count > mostNodes) {
      if (this.#count === mostNodes + 1) {
        this.#report(offset, `has more than ${mostNodes} values, counting each use of an alias.`, path);
      }
      return unreadable;
    }
    if (path.length > mostLevels || this.#open.has(node)) {
      this.#report(offset, this.#open.has(node) ? "contains itself by an alias." : tooDeep, path);
      return unreadable;
    }
    if ((0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isAlias */ .Vj)(node)) {
      const target = this.#targets.get(node);
      if (target !== void 0)
        return this.read(target, start2, path);
      this.#report(start2, `uses the alias *${node.source}, but nothing before it has the anchor &${node.source}.`, path);
      return unreadable;
    }
    this.#open.add(node);
    const value = this.#readValue(node, path);
    this.#open.delete(node);
    return { ...position, value };
  }
  reportTagsBefore(offset, path) {
    for (let next = this.#tags.at(-1); next !== void 0 && next.offset < offset; next = this.#tags.at(-1)) {
      this.#tags.pop();
      this.#report(next.offset, next.message, path);
    }
  }
  #report(offset, message, path) {
    this.problems.push({ ...this.#at(offset), path, message });
  }
  #readValue(node, path) {
    if ((0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isMap */ .jh)(node))
      return this.#readMembers(node, path);
    if ((0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isSeq */ .oP)(node))
      return node.items.map((item, index) => this.read(item, node.range[0], [...path, index]));
    const value = (0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isScalar */ .jn)(node) ? node.value : null;
    return typeof value === "bigint" ? String(value) : value;
  }
  #readMembers(map, path) {
    const members = /* @__PURE__ */ new Map();
    for (const { key, value } of map.items) {
      const offset = key.range?.[0] ?? map.range[0];
      if (!(0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isScalar */ .jn)(key) || typeof key.value === "object") {
        this.#report(offset, "has a key that is no text.", path);
        continue;
      }
      const name = key.source ?? String(key.value);
      const below = [...path, name];
      if (members.has(name))
        this.#report(offset, "is given twice. Remove one of the two.", below);
      members.set(name, { ...this.#at(offset), node: this.read(value, offset, below) });
    }
    return members;
  }
};
function findTargets(document) {
  const anchors = /* @__PURE__ */ new Map();
  const targets = /* @__PURE__ */ new Map();
  (0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .visit */ .YR)(document, {
    Node: (_2, node) => {
      const target = (0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isAlias */ .Vj)(node) ? anchors.get(node.source) : void 0;
      if (target !== void 0)
        targets.set(node, target);
      if (!(0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .isAlias */ .Vj)(node) && node.anchor !== void 0)
        anchors.set(node.anchor, node);
    }
  });
  return targets;
}
function withoutContent(message) {
  const [rule = ""] = message.split(/:? *["'`]|: /);
  return `${rule.replace(/\.$/, "")}.`;
}
function explainTag(tag) {
  return `has the tag ${tag}, which is not read. Functions of CloudFormation, such as !Ref, are not evaluated: write the value itself.`;
}
function isMembers(value) {
  return value instanceof Map;
}
function isList(value) {
  return Array.isArray(value);
}
function plainValue({ value }) {
  if (isMembers(value)) {
    return Object.fromEntries([...value].map(([name, { node }]) => [name, plainValue(node)]));
  }
  return isList(value) ? value.map(plainValue) : value;
}
function locate(root, path, isOfName = false) {
  let node = root;
  let position = root;
  for (const [index, step] of path.entries()) {
    const { value } = node;
    const member = isMembers(value) ? value.get(String(step)) : void 0;
    const item = isList(value) ? value[Number(step)] : void 0;
    if (member === void 0 && item === void 0)
      break;
    node = member?.node ?? item ?? node;
    const isName = typeof node.value === "object" || isOfName && index === path.length - 1;
    position = isName ? member ?? node : node;
  }
  return { line: position.line, column: position.column };
}

// lib/src/definition/form.js
function unwrap(schema) {
  const node = schema;
  if (node.wrapped !== void 0)
    return unwrap(node.wrapped);
  if (node.pipe === void 0)
    return { root: node, checks: [] };
  const [first, ...actions] = node.pipe;
  const { root, checks } = unwrap(first);
  return { root, checks: [...checks, ...actions.filter(({ kind }) => kind === "validation")] };
}
function* findMisplaced(node, schema, path) {
  const { root } = unwrap(schema);
  const { value } = node;
  const members = root.entries;
  if (isList(value)) {
    if (members !== void 0 || root.type === "record") {
      yield { path, message: `must be ${describeExpected(schema)}, but is ${describeFound(value)}.` };
    } else if (root.item !== void 0) {
      for (const [index, item] of value.entries())
        yield* findMisplaced(item, root.item, [...path, index]);
    }
  }
  if (!isMembers(value))
    return;
  for (const [name, { node: member }] of value) {
    const below = [...path, name];
    if (root.type === "record") {
      if (name in {})
        yield { path: below, message: "is a name that cannot be used here. Choose another one.", isOfName: true };
      else
        yield* findMisplaced(member, root.value, below);
    } else if (members !== void 0) {
      const found = Object.hasOwn(members, name) ? members[name] : void 0;
      if (found === void 0)
        yield { path: below, message: explainUnknown(name, path, Object.keys(members)), isOfName: true };
      else
        yield* findMisplaced(member, found, below);
    }
  }
}
var otherWords = {
  "<<": 'YAML 1.2 has no merge keys. Write the fields out, or put them under "defaults:".',
  encryption: "Did you mean SSESpecification?",
  gsi: "Did you mean GlobalSecondaryIndexes?",
  gsis: "Did you mean GlobalSecondaryIndexes?",
  hashkey: "Give KeySchema and AttributeDefinitions.",
  indexes: "Did you mean GlobalSecondaryIndexes?",
  lsi: "Did you mean LocalSecondaryIndexes?",
  lsis: "Did you mean LocalSecondaryIndexes?",
  partitionkey: "Give KeySchema and AttributeDefinitions.",
  pitr: "Did you mean PointInTimeRecoverySpecification?",
  properties: "Write the properties directly under the name of the table.",
  resources: 'This is a template of CloudFormation. Write the Properties of each AWS::DynamoDB::Table under "tables:", below its name.',
  rangekey: "Give KeySchema and AttributeDefinitions.",
  sortkey: "Give KeySchema and AttributeDefinitions.",
  ttl: "Did you mean TimeToLiveSpecification?"
};
function explainUnknown(name, place, names) {
  const property = propertyAt(place);
  const unmanaged = property === "" ? notManaged : notManagedMembers[property ?? ""];
  if (property !== void 0 && unmanaged?.includes(name)) {
    return "is not managed yet. Remove it: the action leaves this setting as it is.";
  }
  if (property === "" && name === "TableName")
    return 'is the name of one table. Give it under "tables:".';
  const words = name.toLowerCase().replace(/[-_\s]/g, "");
  const known = property === "" || name === "<<" || words === "resources" ? otherWords[words] : void 0;
  const [longer, ...others] = names.filter((each) => {
    const folded = each.toLowerCase();
    return words.length > 3 && (folded.startsWith(words) || folded.endsWith(words));
  });
  const similar = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .findSimilarWords */ .MV)(name, names) ?? (others.length === 0 ? longer : void 0);
  const hint = known ?? (similar === void 0 ? `Here may stand ${names.join(", ")}.` : `Did you mean ${similar}?`);
  return `is not known here. ${hint}`;
}
function propertyAt(place) {
  const inEnvironment = place[0] === "environments" ? place.slice(2) : place;
  const inner = { defaults: 1, tables: 2 }[String(inEnvironment[0])];
  if (inner === void 0 || inEnvironment.length < inner)
    return void 0;
  return inEnvironment.slice(inner).filter((step) => typeof step === "string").join(".");
}
function describeIssue(issue) {
  const path = (issue.path ?? []).map(({ key }) => key);
  if (issue.type === "strict_object" && issue.received === "undefined") {
    const schema2 = schemaAt(path);
    const wanted = schema2 === void 0 ? "" : ` It must be ${describeExpected(schema2)}.`;
    return { path: path.slice(0, -1), message: `${String(path.at(-1))} is missing.${wanted}` };
  }
  const isOfName = issue.path?.at(-1)?.origin === "key";
  const schema = isOfName ? void 0 : schemaAt(path);
  const expected = isOwnMessage(issue) || schema === void 0 ? issue.message : describeExpected(schema);
  const found = path.length === 0 && typeof issue.input === "string" ? "a text" : describeFound(issue.input);
  return { path, message: `must be ${expected}, but is ${found}.${explainValue(issue.input, schema)}` };
}
function isOwnMessage({ type, message }) {
  return (type === "check" || type === "regex") && !message.startsWith("Invalid");
}
function schemaAt(path) {
  let node = unwrap(definitionSchema).root;
  for (const step of path) {
    const { root } = unwrap(node);
    node = typeof step === "number" ? root.item : root.entries?.[step] ?? root.value;
    if (node === void 0)
      return void 0;
  }
  return node;
}
function describeExpected(schema) {
  const { root, checks } = unwrap(schema);
  const limit = (type) => checks.find((check) => check.type === type)?.requirement;
  switch (root.type) {
    case "literal":
      return String(root.literal);
    case "picklist":
      return joinWords((root.options ?? []).map(String));
    case "boolean":
      return "true or false";
    case "number":
      return `a whole number${describeRange(limit("min_value"), limit("max_value"))}`;
    case "string":
      return checks.find(({ type }) => type === "regex")?.message ?? `a text${describeLength(limit("min_length"), limit("max_length"), "characters")}`;
    case "array":
      return `a list${describeLength(limit("min_length"), limit("max_length"), "items")}`;
    default:
      return "a mapping of names to values";
  }
}
function describeRange(min, max) {
  if (min !== void 0 && max !== void 0)
    return ` from ${min} to ${max}`;
  return min === void 0 ? "" : ` of at least ${min}`;
}
function describeLength(min, max, noun) {
  if (max !== void 0)
    return min === void 0 ? ` of at most ${max} ${noun}` : ` of ${min} to ${max} ${noun}`;
  return min === void 0 ? "" : ` that is not empty`;
}
function joinWords(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
function describeFound(value) {
  if (value === null || value === void 0)
    return "empty";
  if (typeof value === "string")
    return (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(value);
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .count */ .U9)(value.length, "item")}`;
  return typeof value === "object" ? "a mapping" : String(value);
}
var otherValues = {
  binary: "B",
  number: "N",
  ondemand: "PAY_PER_REQUEST",
  partition: "HASH",
  sort: "RANGE",
  standardia: "STANDARD_INFREQUENT_ACCESS",
  string: "S"
};
function explainValue(value, schema) {
  if (schema === void 0)
    return "";
  const { type, options = [] } = unwrap(schema).root;
  if (type === "string" && (typeof value === "number" || typeof value === "boolean"))
    return " Put it in quotes.";
  if (type !== "picklist" || typeof value !== "string")
    return "";
  const names = options.map(String);
  const word = otherValues[value.toLowerCase().replace(/[-_\s]/g, "")] ?? "";
  const similar = names.includes(word) ? word : (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .findSimilarWords */ .MV)(value, names);
  return similar === void 0 ? "" : ` Did you mean ${similar}?`;
}

// lib/src/definition/rules.js
var valueRules = {
  AttributeDefinitions: (definitions) => findRepeatedAttributes([], definitions),
  GlobalSecondaryIndexes: checkGlobalIndexes,
  KeySchema: checkTableKey,
  LocalSecondaryIndexes: (indexes) => checkIndexes(indexes, 5),
  PointInTimeRecoverySpecification: checkRecovery,
  SSESpecification: checkEncryption,
  StreamSpecification: checkStream,
  Tags: (tags) => findRepeated(tags.map(({ Key }) => Key), (index) => [index, "Key"], "the key"),
  TimeToLiveSpecification: checkTimeToLive
};
var tableRules = [
  { check: checkPresence, reads: ["KeySchema", "AttributeDefinitions"], findsMissing: true },
  { check: checkLocalKeys, reads: ["KeySchema", "LocalSecondaryIndexes"] },
  {
    check: checkAttributes,
    reads: ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"],
    findsMissing: true
  },
  { check: checkIndexNames, reads: ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] },
  { check: checkProjectedAttributes, reads: ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] },
  {
    check: checkBilling,
    reads: ["BillingMode", "ProvisionedThroughput", "OnDemandThroughput", "GlobalSecondaryIndexes"],
    findsMissing: true
  },
  { check: checkTags, reads: ["Tags"] }
];
function findBrokenRules(definition, wrong) {
  const found = /* @__PURE__ */ new Map();
  const add = (problem) => found.set(JSON.stringify(problem), problem);
  for (const problem of checkValues(definition, wrong))
    add(problem);
  for (const environment of [void 0, ...definition.environments.keys()]) {
    for (const { path, message } of checkTables(definition, environment, wrong)) {
      if (found.has(JSON.stringify({ path, message })))
        continue;
      const isOfTable = environment === void 0 || path[0] === "environments";
      const where = isOfTable ? "" : ` This is so in the environment ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(environment)}.`;
      add({ path, message: `${message}${where}` });
    }
  }
  return [...found.values()];
}
function* checkValues(definition, wrong) {
  for (const { path: layer, fields } of (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .allLayers */ ._L)(definition)) {
    for (const [field, value] of Object.entries(fields)) {
      const at = [...layer, field];
      if (wrong.some((place) => isOneOnTheOther(place, at)))
        continue;
      const check = valueRules[field];
      for (const { path, message } of check?.(value) ?? [])
        yield { path: [...at, ...path], message };
    }
  }
}
function* checkTables(definition, environment, wrong) {
  const named = /* @__PURE__ */ new Map();
  for (const logicalName of definition.tables.keys()) {
    const layers = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .layersOf */ .w)(definition, environment, logicalName);
    const isRight = (field) => layers.every(({ path }) => !wrong.some((place) => isOneOnTheOther(place, [...path, field])));
    const hasUnknownField = wrong.some((place) => layers.some(({ path }) => isUnknownField(place, path)));
    const merged = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mergeLayers */ .J)(layers.map(({ path, fields: fields2 }) => ({ path, fields: pickRight(fields2, isRight) })));
    const at = (path) => placeOf(merged, logicalName, path);
    if (isRight("TableName"))
      yield* checkName(String(merged.get("TableName")?.value ?? logicalName), logicalName, named, at);
    const fields = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .valuesOf */ .sm)(merged);
    for (const { check, reads, findsMissing } of tableRules) {
      if (!reads.every(isRight) || findsMissing && hasUnknownField)
        continue;
      for (const { path, message } of check(fields))
        yield { path: at(path), message };
    }
  }
}
function pickRight(fields, isRight) {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => isRight(field)));
}
function isUnknownField(place, layer) {
  const name = String(place.at(-1));
  return place.length === layer.length + 1 && startsWith(place, layer) && !Object.hasOwn(tableFields, name);
}
function isOneOnTheOther(left, right) {
  return left.length < right.length ? startsWith(right, left) : startsWith(left, right);
}
function startsWith(path, above) {
  return above.every((step, index) => path[index] === step);
}
function* checkName(name, logicalName, named, at) {
  const other = named.get(name);
  if (other !== void 0) {
    yield {
      path: at(["TableName"]),
      message: `gives the table the name ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(name)}, which ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(other)} has too.`
    };
  }
  named.set(name, logicalName);
  if (name.length < 3)
    yield { path: at([]), message: "is no name for a table, which has 3 characters or more. Add a TableName." };
}
function placeOf(merged, logicalName, [field, ...inner]) {
  const declared = merged.get(String(field));
  return declared === void 0 ? ["tables", logicalName] : [...declared.path, ...inner];
}
function* findRepeated(names, pathOf, noun) {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index)
      yield { path: pathOf(index), message: describeRepeated(noun, name) };
  }
}
function describeRepeated(noun, name) {
  return `has ${noun} ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(name)} a second time.`;
}
function* checkPresence({ KeySchema, AttributeDefinitions }) {
  if (KeySchema === void 0) {
    yield {
      path: ["KeySchema"],
      message: "KeySchema is missing, here and in the defaults. Give the primary key of the table."
    };
  } else if (AttributeDefinitions === void 0) {
    yield {
      path: ["AttributeDefinitions"],
      message: "AttributeDefinitions is missing, here and in the defaults. Give the type of each key attribute."
    };
  }
}
var hashFirst = "has no partition key in the first place. Begin with the element of KeyType HASH.";
function* checkTableKey(keys) {
  const [first, second] = keys;
  if (first?.KeyType !== "HASH")
    yield { path: [0, "KeyType"], message: hashFirst };
  else if (second?.KeyType === "HASH") {
    yield {
      path: [1, "KeyType"],
      message: "is a second partition key. A table has one HASH, then at most one RANGE; only global indexes have more."
    };
  }
  yield* findRepeatedAttributes([], keys);
}
function findRepeatedAttributes(path, attributes) {
  const names = attributes.map(({ AttributeName }) => AttributeName);
  return findRepeated(names, (index) => [...path, index, "AttributeName"], "the attribute");
}
var mostOfKeyType = 4;
function* checkGlobalIndexes(indexes) {
  yield* checkIndexes(indexes, 20);
  for (const [index, { KeySchema }] of indexes.entries()) {
    const path = [index, "KeySchema"];
    const types = KeySchema.map(({ KeyType }) => KeyType);
    const lateHash = types.findIndex((type, place) => type === "HASH" && types[place - 1] === "RANGE");
    if (types[0] === "RANGE")
      yield { path: [...path, 0, "KeyType"], message: hashFirst };
    else if (lateHash !== -1) {
      yield { path: [...path, lateHash, "KeyType"], message: "is HASH after a RANGE. Give all HASH elements first." };
    }
    for (const type of ["HASH", "RANGE"]) {
      const number = types.filter((each) => each === type).length;
      if (number > mostOfKeyType) {
        yield {
          path,
          message: `has ${number} elements of KeyType ${type}. A global index has at most ${mostOfKeyType}.`
        };
      }
    }
  }
}
function* checkLocalKeys({ KeySchema = [], LocalSecondaryIndexes = [] }) {
  const [tableHash, tableRange] = KeySchema;
  if (LocalSecondaryIndexes.length > 0 && tableHash !== void 0 && tableRange === void 0) {
    yield {
      path: ["LocalSecondaryIndexes"],
      message: "needs a table with a sort key, but KeySchema has only a partition key. Use a global index."
    };
  }
  for (const [index, { KeySchema: keys }] of LocalSecondaryIndexes.entries()) {
    const path = ["LocalSecondaryIndexes", index, "KeySchema"];
    const [hash, range] = keys;
    const isRightHash = hash?.KeyType === "HASH" && hash.AttributeName === (tableHash?.AttributeName ?? hash.AttributeName);
    if (!isRightHash || range?.KeyType !== "RANGE" || keys.length > 2) {
      const wanted = tableHash === void 0 ? "" : `, ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(tableHash.AttributeName)},`;
      yield { path, message: `must be the partition key of the table${wanted} as HASH, then one RANGE.` };
    }
  }
}
function* checkAttributes(fields) {
  const { AttributeDefinitions, KeySchema } = fields;
  if (AttributeDefinitions === void 0 || KeySchema === void 0)
    return;
  const defined = AttributeDefinitions.map(({ AttributeName }) => AttributeName);
  const keys = [
    { path: ["KeySchema"], keys: KeySchema },
    ...placedIndexes(fields).map(({ path, index }) => ({ path: [...path, "KeySchema"], keys: index.KeySchema }))
  ];
  for (const { path, keys: elements } of keys) {
    for (const [place, { AttributeName }] of elements.entries()) {
      if (defined.includes(AttributeName))
        continue;
      yield {
        path: [...path, place, "AttributeName"],
        message: `is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(AttributeName)}, which AttributeDefinitions lacks. Add it there, with its type S, N or B.`
      };
    }
  }
  const used = new Set(keys.flatMap(({ keys: elements }) => elements.map(({ AttributeName }) => AttributeName)));
  for (const [index, name] of defined.entries()) {
    if (used.has(name))
      continue;
    yield {
      path: ["AttributeDefinitions", index],
      message: `defines ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(name)}, which no key uses. Define the attributes of keys only: all others need no definition.`
    };
  }
}
function placedIndexes(fields) {
  return ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"].flatMap((field) => (fields[field] ?? []).map((index, place) => ({ path: [field, place], index })));
}
function* checkIndexes(indexes, most) {
  if (indexes.length > most) {
    yield { path: [], message: `has ${indexes.length} indexes. A table has at most ${most} of them.` };
  }
  const names = indexes.map(({ IndexName }) => IndexName);
  yield* findRepeated(names, (index) => [index, "IndexName"], indexName);
  for (const [index, { KeySchema, Projection }] of indexes.entries()) {
    yield* findRepeatedAttributes([index, "KeySchema"], KeySchema);
    const { ProjectionType, NonKeyAttributes } = Projection;
    const path = [index, "Projection"];
    if (ProjectionType === "INCLUDE" && NonKeyAttributes === void 0) {
      yield { path, message: "is INCLUDE without NonKeyAttributes. Give 1 to 20 attributes." };
    }
    if (ProjectionType !== "INCLUDE" && NonKeyAttributes !== void 0) {
      yield {
        path: [...path, "NonKeyAttributes"],
        message: `goes only with ProjectionType INCLUDE, but the type is ${ProjectionType}.`
      };
    } else {
      yield* findRepeated(NonKeyAttributes ?? [], (place) => [...path, "NonKeyAttributes", place], "the attribute");
    }
  }
}
var indexName = "the name of an index,";
function* checkIndexNames({ GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] }) {
  const global = GlobalSecondaryIndexes.map(({ IndexName }) => IndexName);
  for (const [index, { IndexName }] of LocalSecondaryIndexes.entries()) {
    const path = ["LocalSecondaryIndexes", index, "IndexName"];
    if (global.includes(IndexName))
      yield { path, message: describeRepeated(indexName, IndexName) };
  }
}
var mostProjected = 100;
function* checkProjectedAttributes(fields) {
  let projected = 0;
  for (const { path, index } of placedIndexes(fields)) {
    const { ProjectionType, NonKeyAttributes = [] } = index.Projection;
    const before = projected;
    projected += ProjectionType === "INCLUDE" ? NonKeyAttributes.length : 0;
    if (before <= mostProjected && projected > mostProjected) {
      yield {
        path: [...path, "Projection", "NonKeyAttributes"],
        message: `with this index, the indexes of the table project ${projected} attributes. DynamoDB allows ${mostProjected} over all indexes of a table.`
      };
    }
  }
}
function* checkBilling(fields) {
  const { BillingMode, ProvisionedThroughput, OnDemandThroughput, GlobalSecondaryIndexes = [] } = fields;
  const isProvisioned = BillingMode === "PROVISIONED" || BillingMode === void 0 && ProvisionedThroughput !== void 0;
  const cause = BillingMode === void 0 ? "ProvisionedThroughput makes the table PROVISIONED" : `BillingMode is ${BillingMode}`;
  if (BillingMode === "PROVISIONED" && ProvisionedThroughput === void 0) {
    yield {
      path: ["BillingMode"],
      message: "is PROVISIONED without ProvisionedThroughput. Give both in one place: BillingMode drops the throughput of lower layers."
    };
  }
  if (BillingMode === "PAY_PER_REQUEST" && ProvisionedThroughput !== void 0) {
    yield { path: ["ProvisionedThroughput"], message: `goes only with BillingMode PROVISIONED, but ${cause}.` };
  }
  const maximums = [
    { path: ["OnDemandThroughput"], value: OnDemandThroughput },
    ...GlobalSecondaryIndexes.map(({ OnDemandThroughput: value }, place) => ({
      path: ["GlobalSecondaryIndexes", place, "OnDemandThroughput"],
      value
    }))
  ];
  for (const { path, value } of maximums) {
    if (value === void 0)
      continue;
    if (isProvisioned)
      yield { path, message: `goes only with BillingMode PAY_PER_REQUEST, but ${cause}.` };
    if (Object.keys(value).length === 0) {
      yield { path, message: "has no member. Give MaxReadRequestUnits, MaxWriteRequestUnits or both." };
    }
  }
  for (const [place, index] of GlobalSecondaryIndexes.entries()) {
    const path = ["GlobalSecondaryIndexes", place];
    if (isProvisioned && index.ProvisionedThroughput === void 0) {
      yield { path, message: `needs a ProvisionedThroughput of its own, because ${cause}.` };
    }
    if (!isProvisioned && index.ProvisionedThroughput !== void 0) {
      const why = BillingMode === void 0 ? "the table has no ProvisionedThroughput" : cause;
      yield {
        path: [...path, "ProvisionedThroughput"],
        message: `goes only with ProvisionedThroughput of the table, but ${why}.`
      };
    }
  }
}
function* checkRecovery({ PointInTimeRecoveryEnabled, RecoveryPeriodInDays }) {
  if (RecoveryPeriodInDays === void 0 || PointInTimeRecoveryEnabled)
    return;
  yield { path: ["RecoveryPeriodInDays"], message: "goes only with PointInTimeRecoveryEnabled: true." };
}
function* checkEncryption(encryption) {
  if (encryption.SSEEnabled)
    return;
  for (const member of ["SSEType", "KMSMasterKeyId"]) {
    if (encryption[member] !== void 0)
      yield { path: [member], message: "goes only with SSEEnabled: true." };
  }
}
function* checkStream({ StreamEnabled, StreamViewType }) {
  if (StreamEnabled === false && StreamViewType !== void 0) {
    yield { path: ["StreamViewType"], message: "does not go with StreamEnabled: false." };
  }
  if (StreamEnabled !== false && StreamViewType === void 0) {
    yield { path: [], message: "needs a StreamViewType; or StreamEnabled: false, to have no stream." };
  }
}
function* checkTimeToLive({ Enabled, AttributeName }) {
  if (!Enabled || AttributeName !== void 0)
    return;
  yield { path: [], message: "needs AttributeName, the attribute that holds the time, because Enabled is true." };
}
function* checkTags({ Tags = [] }) {
  if (Tags.length <= _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostDeclaredTags */ .de)
    return;
  yield {
    path: ["Tags"],
    message: `makes ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .count */ .U9)(Tags.length, "tag")} with those of lower layers. A table has at most ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostTags */ .hp}, and the action adds ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostTags */ .hp - _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostDeclaredTags */ .de}.`
  };
}

// lib/src/definition/read-definition.js
var mostProblems = 50;
var mostTables = 2500;
var mostCombinations = 1e4;
function readDefinition(text, file) {
  const { root, problems } = parseFile(text);
  const { found, definition } = root === void 0 ? { found: [], definition: void 0 } : checkFile(root);
  const isRead = ({ path, isOfName }) => isOfName === true || !problems.some((problem) => problem.path.length > 0 && startsWith(path, problem.path));
  const placed = found.filter(isRead).map((problem) => ({
    ...problem,
    ...root === void 0 ? start : locate(root, problem.path, problem.isOfName)
  }));
  const all = [...problems, ...placed].sort((left, right) => left.line - right.line || left.column - right.column);
  if (all.length === 0 && definition !== void 0)
    return { definition };
  const lines = all.map(({ line: line2, column: column2, path, message }) => `${file}:${line2}:${column2}: ${path.length === 0 ? "" : `${formatPath(path)}: `}${message}`);
  const more = lines.length - mostProblems;
  const shown = lines.slice(0, mostProblems);
  const { line, column } = all[mostProblems] ?? start;
  if (more <= 0)
    return { problems: shown };
  const number = more > mostProblems ? "many more problems" : (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .count */ .U9)(more, "more problem");
  return { problems: [...shown, `${file}:${line}:${column}: and ${number}.`] };
}
var start = { line: 1, column: 1 };
function formatPath(path) {
  const steps = path.map((step) => {
    if (typeof step === "number")
      return `[${step}]`;
    return /^[\w$-]{1,255}$/.test(step) ? `.${step}` : `[${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .visible */ .RK)(step))}]`;
  });
  return steps.join("").replace(/^\./, "");
}
function checkFile(root) {
  const value = plainValue(root);
  const tooLarge = findTooLarge(asObject(value));
  if (tooLarge.length > 0)
    return { found: tooLarge, definition: void 0 };
  const misplaced = takeSome(findMisplaced(root, definitionSchema, []));
  const result = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .safeParse */ .xL)(definitionSchema, value, { abortPipeEarly: true });
  const issues = takeSome(result.issues ?? []).filter(({ type, expected }) => !(type === "strict_object" && expected === "never")).map(describeIssue).filter(({ path }) => !misplaced.some((problem) => startsWith(path, problem.path)));
  const ofForm = [...misplaced, ...issues];
  const definition = toDefinition(asObject(result.success ? result.output : value));
  const wrong = ofForm.map(({ path }) => path);
  const isEmpty = definition.tables.size === 0 && wrong.every((place) => place[0] !== "tables" && place.length > 0);
  const empty = isEmpty ? [{ path: ["tables"], message: "is empty. Give at least one table." }] : [];
  const broken = [...takeSome(findEnvironmentProblems(definition)), ...findBrokenRules(definition, wrong)];
  return { found: [...ofForm, ...empty, ...broken], definition };
}
function takeSome(all) {
  const some = [];
  for (const each of all) {
    if (some.length > 2 * mostProblems)
      break;
    some.push(each);
  }
  return some;
}
function findTooLarge({ tables, environments }) {
  const sizeOf = (mapping) => Object.keys(asObject(mapping)).length;
  const [tableCount, environmentCount] = [sizeOf(tables), sizeOf(environments)];
  if (tableCount > mostTables) {
    return [{ path: ["tables"], message: `has ${tableCount} tables, but a file may have ${mostTables}. Split it.` }];
  }
  if (tableCount * environmentCount <= mostCombinations)
    return [];
  return [
    {
      path: ["environments"],
      message: `has ${environmentCount} environments for ${tableCount} tables, which are more than ${mostCombinations} combinations. Split the file.`
    }
  ];
}
function toDefinition({ tenantKey, environments, ...fields }) {
  return {
    ...toFieldsOfTables(fields),
    tenantKey: typeof tenantKey === "string" ? tenantKey : _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .defaultTenantKey */ .dA,
    environments: new Map(Object.entries(asObject(environments)).map(([name, each]) => [name, toFieldsOfTables(asObject(each))]))
  };
}
function toFieldsOfTables({ defaults, tables }) {
  return {
    defaults: asObject(defaults),
    tables: new Map(Object.entries(asObject(tables)).map(([name, fields]) => [name, asObject(fields)]))
  };
}
function asObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
function* findEnvironmentProblems({ environments, tables }) {
  const names = [...environments.keys()];
  for (const [index, name] of names.entries()) {
    const other = names.slice(0, index).find((each) => (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .isSameEnvironment */ .gj)(each, name));
    if (other !== void 0) {
      yield {
        path: ["environments", name],
        message: `is the environment ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(other)} again: environments are compared without case. Give one of the two.`,
        isOfName: true
      };
    }
    for (const table of environments.get(name)?.tables.keys() ?? []) {
      if (tables.has(table))
        continue;
      const message = `is no table of this file. ${suggest(table, [...tables.keys()])}Declare the table under "tables:", and here what differs.`;
      yield { path: ["environments", name, "tables", table], message, isOfName: true };
    }
  }
}
function suggest(written, names) {
  const similar = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .findSimilarWords */ .MV)(written, names);
  return similar === void 0 || similar === written ? "" : `Did you mean ${similar}? `;
}



/***/ })

};
