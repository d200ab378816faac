#!/usr/bin/env node
import { createRequire as __WEBPACK_EXTERNAL_createRequire } from "module";
/******/ var __webpack_modules__ = ({

/***/ 9629:
/***/ ((module, __unused_webpack_exports, __nccwpck_require__) => {



const https = __nccwpck_require__(5692)
const http = __nccwpck_require__(8611)
const { URL } = __nccwpck_require__(7016)

class HttpProxyAgent extends http.Agent {
  constructor (options) {
    const { proxy, proxyRequestOptions, ...opts } = options
    super(opts)
    this.proxy = typeof proxy === 'string'
      ? new URL(proxy)
      : proxy
    this.proxyRequestOptions = proxyRequestOptions || {}
  }

  createConnection (options, callback) {
    const requestOptions = {
      ...this.proxyRequestOptions,
      method: 'CONNECT',
      host: this.proxy.hostname,
      port: this.proxy.port,
      path: `${options.host}:${options.port}`,
      setHost: false,
      headers: { ...this.proxyRequestOptions.headers, connection: this.keepAlive ? 'keep-alive' : 'close', host: `${options.host}:${options.port}` },
      agent: false,
      timeout: options.timeout || 0
    }

    if (this.proxy.username || this.proxy.password) {
      const base64 = Buffer.from(`${decodeURIComponent(this.proxy.username || '')}:${decodeURIComponent(this.proxy.password || '')}`).toString('base64')
      requestOptions.headers['proxy-authorization'] = `Basic ${base64}`
    }

    if (this.proxy.protocol === 'https:') {
      requestOptions.servername = this.proxy.hostname
    }

    const request = (this.proxy.protocol === 'http:' ? http : https).request(requestOptions)
    request.once('connect', (response, socket, head) => {
      request.removeAllListeners()
      socket.removeAllListeners()
      if (response.statusCode === 200) {
        callback(null, socket)
      } else {
        socket.destroy()
        callback(new Error(`Bad response: ${response.statusCode}`), null)
      }
    })

    request.once('timeout', () => {
      request.destroy(new Error('Proxy timeout'))
    })

    request.once('error', err => {
      request.removeAllListeners()
      callback(err, null)
    })

    request.end()
  }
}

class HttpsProxyAgent extends https.Agent {
  constructor (options) {
    const { proxy, proxyRequestOptions, ...opts } = options
    super(opts)
    this.proxy = typeof proxy === 'string'
      ? new URL(proxy)
      : proxy
    this.proxyRequestOptions = proxyRequestOptions || {}
  }

  createConnection (options, callback) {
    const requestOptions = {
      ...this.proxyRequestOptions,
      method: 'CONNECT',
      host: this.proxy.hostname,
      port: this.proxy.port,
      path: `${options.host}:${options.port}`,
      setHost: false,
      headers: { ...this.proxyRequestOptions.headers, connection: this.keepAlive ? 'keep-alive' : 'close', host: `${options.host}:${options.port}` },
      agent: false,
      timeout: options.timeout || 0
    }

    if (this.proxy.username || this.proxy.password) {
      const base64 = Buffer.from(`${decodeURIComponent(this.proxy.username || '')}:${decodeURIComponent(this.proxy.password || '')}`).toString('base64')
      requestOptions.headers['proxy-authorization'] = `Basic ${base64}`
    }

    // Necessary for the TLS check with the proxy to succeed.
    if (this.proxy.protocol === 'https:') {
      requestOptions.servername = this.proxy.hostname
    }

    const request = (this.proxy.protocol === 'http:' ? http : https).request(requestOptions)
    request.once('connect', (response, socket, head) => {
      request.removeAllListeners()
      socket.removeAllListeners()
      if (response.statusCode === 200) {
        const secureSocket = super.createConnection({ ...options, socket })
        callback(null, secureSocket)
      } else {
        socket.destroy()
        callback(new Error(`Bad response: ${response.statusCode}`), null)
      }
    })

    request.once('timeout', () => {
      request.destroy(new Error('Proxy timeout'))
    })

    request.once('error', err => {
      request.removeAllListeners()
      callback(err, null)
    })

    request.end()
  }
}

module.exports = {
  HttpProxyAgent,
  HttpsProxyAgent
}


/***/ }),

/***/ 2613:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("assert");

/***/ }),

/***/ 181:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("buffer");

/***/ }),

/***/ 4434:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("events");

/***/ }),

/***/ 9896:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("fs");

/***/ }),

/***/ 8611:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("http");

/***/ }),

/***/ 5692:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("https");

/***/ }),

/***/ 9278:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("net");

/***/ }),

/***/ 4589:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:assert");

/***/ }),

/***/ 6698:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:async_hooks");

/***/ }),

/***/ 4573:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:buffer");

/***/ }),

/***/ 1421:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:child_process");

/***/ }),

/***/ 7540:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:console");

/***/ }),

/***/ 7598:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:crypto");

/***/ }),

/***/ 3053:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:diagnostics_channel");

/***/ }),

/***/ 610:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:dns");

/***/ }),

/***/ 8474:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:events");

/***/ }),

/***/ 3024:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:fs");

/***/ }),

/***/ 1455:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:fs/promises");

/***/ }),

/***/ 7067:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:http");

/***/ }),

/***/ 2467:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:http2");

/***/ }),

/***/ 4708:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:https");

/***/ }),

/***/ 7030:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:net");

/***/ }),

/***/ 8161:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:os");

/***/ }),

/***/ 6760:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:path");

/***/ }),

/***/ 643:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:perf_hooks");

/***/ }),

/***/ 1792:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:querystring");

/***/ }),

/***/ 7075:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:stream");

/***/ }),

/***/ 1692:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:tls");

/***/ }),

/***/ 3136:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:url");

/***/ }),

/***/ 7975:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:util");

/***/ }),

/***/ 3429:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:util/types");

/***/ }),

/***/ 5919:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:worker_threads");

/***/ }),

/***/ 8522:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:zlib");

/***/ }),

/***/ 857:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("os");

/***/ }),

/***/ 932:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("process");

/***/ }),

/***/ 3193:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("string_decoder");

/***/ }),

/***/ 4756:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("tls");

/***/ }),

/***/ 7016:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("url");

/***/ }),

/***/ 9023:
/***/ ((module) => {

module.exports = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("util");

/***/ }),

/***/ 8167:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

// ESM COMPAT FLAG
__nccwpck_require__.r(__webpack_exports__);

// EXPORTS
__nccwpck_require__.d(__webpack_exports__, {
  endGroup: () => (/* binding */ endGroup),
  error: () => (/* binding */ error),
  info: () => (/* binding */ info),
  notice: () => (/* binding */ notice),
  setOutput: () => (/* binding */ setOutput),
  setSecret: () => (/* binding */ setSecret),
  startGroup: () => (/* binding */ startGroup),
  summary: () => (/* binding */ summary),
  warning: () => (/* binding */ warning)
});

// EXTERNAL MODULE: ./lib/bundle/OSTOOVYD.js
var OSTOOVYD = __nccwpck_require__(457);
// EXTERNAL MODULE: external "os"
var external_os_ = __nccwpck_require__(857);
;// CONCATENATED MODULE: external "crypto"
const external_crypto_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("crypto");
// EXTERNAL MODULE: external "fs"
var external_fs_ = __nccwpck_require__(9896);
;// CONCATENATED MODULE: ./lib/bundle/465XOR2N.js


// node_modules/@actions/core/lib/command.js


// node_modules/@actions/core/lib/utils.js
function toCommandValue(input) {
  if (input === null || input === void 0) {
    return "";
  } else if (typeof input === "string" || input instanceof String) {
    return input;
  }
  return JSON.stringify(input);
}
function toCommandProperties(annotationProperties) {
  if (!Object.keys(annotationProperties).length) {
    return {};
  }
  return {
    title: annotationProperties.title,
    file: annotationProperties.file,
    line: annotationProperties.startLine,
    endLine: annotationProperties.endLine,
    col: annotationProperties.startColumn,
    endColumn: annotationProperties.endColumn
  };
}

// node_modules/@actions/core/lib/command.js
function issueCommand(command, properties, message) {
  const cmd = new Command(command, properties, message);
  process.stdout.write(cmd.toString() + external_os_.EOL);
}
function issue(name, message = "") {
  issueCommand(name, {}, message);
}
var CMD_STRING = "::";
var Command = class {
  constructor(command, properties, message) {
    if (!command) {
      command = "missing.command";
    }
    this.command = command;
    this.properties = properties;
    this.message = message;
  }
  toString() {
    let cmdStr = CMD_STRING + this.command;
    if (this.properties && Object.keys(this.properties).length > 0) {
      cmdStr += " ";
      let first = true;
      for (const key in this.properties) {
        if (this.properties.hasOwnProperty(key)) {
          const val = this.properties[key];
          if (val) {
            if (first) {
              first = false;
            } else {
              cmdStr += ",";
            }
            cmdStr += `${key}=${escapeProperty(val)}`;
          }
        }
      }
    }
    cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
    return cmdStr;
  }
};
function escapeData(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}
function escapeProperty(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/:/g, "%3A").replace(/,/g, "%2C");
}

// node_modules/@actions/core/lib/file-command.js



function issueFileCommand(command, message) {
  const filePath = process.env[`GITHUB_${command}`];
  if (!filePath) {
    throw new Error(`Unable to find environment variable for file command ${command}`);
  }
  if (!external_fs_.existsSync(filePath)) {
    throw new Error(`Missing file at path: ${filePath}`);
  }
  external_fs_.appendFileSync(filePath, `${toCommandValue(message)}${external_os_.EOL}`, {
    encoding: "utf8"
  });
}
function prepareKeyValueMessage(key, value) {
  const delimiter = `ghadelimiter_${external_crypto_namespaceObject.randomUUID()}`;
  const convertedValue = toCommandValue(value);
  if (key.includes(delimiter)) {
    throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
  }
  if (convertedValue.includes(delimiter)) {
    throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
  }
  return `${key}<<${delimiter}${external_os_.EOL}${convertedValue}${external_os_.EOL}${delimiter}`;
}

// node_modules/@actions/core/lib/core.js


// node_modules/@actions/core/lib/summary.js


var __awaiter = function(thisArg, _arguments, P, generator) {
  function adopt(value) {
    return value instanceof P ? value : new P(function(resolve) {
      resolve(value);
    });
  }
  return new (P || (P = Promise))(function(resolve, reject) {
    function fulfilled(value) {
      try {
        step(generator.next(value));
      } catch (e) {
        reject(e);
      }
    }
    function rejected(value) {
      try {
        step(generator["throw"](value));
      } catch (e) {
        reject(e);
      }
    }
    function step(result) {
      result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected);
    }
    step((generator = generator.apply(thisArg, _arguments || [])).next());
  });
};
var { access, appendFile, writeFile } = external_fs_.promises;
var SUMMARY_ENV_VAR = "GITHUB_STEP_SUMMARY";
var Summary = class {
  constructor() {
    this._buffer = "";
  }
  /**
   * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
   * Also checks r/w permissions.
   *
   * @returns step summary file path
   */
  filePath() {
    return __awaiter(this, void 0, void 0, function* () {
      if (this._filePath) {
        return this._filePath;
      }
      const pathFromEnv = process.env[SUMMARY_ENV_VAR];
      if (!pathFromEnv) {
        throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
      }
      try {
        yield access(pathFromEnv, external_fs_.constants.R_OK | external_fs_.constants.W_OK);
      } catch (_a) {
        throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
      }
      this._filePath = pathFromEnv;
      return this._filePath;
    });
  }
  /**
   * Wraps content in an HTML tag, adding any HTML attributes
   *
   * @param {string} tag HTML tag to wrap
   * @param {string | null} content content within the tag
   * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
   *
   * @returns {string} content wrapped in HTML element
   */
  wrap(tag, content, attrs = {}) {
    const htmlAttrs = Object.entries(attrs).map(([key, value]) => ` ${key}="${value}"`).join("");
    if (!content) {
      return `<${tag}${htmlAttrs}>`;
    }
    return `<${tag}${htmlAttrs}>${content}</${tag}>`;
  }
  /**
   * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
   *
   * @param {SummaryWriteOptions} [options] (optional) options for write operation
   *
   * @returns {Promise<Summary>} summary instance
   */
  write(options) {
    return __awaiter(this, void 0, void 0, function* () {
      const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
      const filePath = yield this.filePath();
      const writeFunc = overwrite ? writeFile : appendFile;
      yield writeFunc(filePath, this._buffer, { encoding: "utf8" });
      return this.emptyBuffer();
    });
  }
  /**
   * Clears the summary buffer and wipes the summary file
   *
   * @returns {Summary} summary instance
   */
  clear() {
    return __awaiter(this, void 0, void 0, function* () {
      return this.emptyBuffer().write({ overwrite: true });
    });
  }
  /**
   * Returns the current summary buffer as a string
   *
   * @returns {string} string of summary buffer
   */
  stringify() {
    return this._buffer;
  }
  /**
   * If the summary buffer is empty
   *
   * @returns {boolen} true if the buffer is empty
   */
  isEmptyBuffer() {
    return this._buffer.length === 0;
  }
  /**
   * Resets the summary buffer without writing to summary file
   *
   * @returns {Summary} summary instance
   */
  emptyBuffer() {
    this._buffer = "";
    return this;
  }
  /**
   * Adds raw text to the summary buffer
   *
   * @param {string} text content to add
   * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
   *
   * @returns {Summary} summary instance
   */
  addRaw(text, addEOL = false) {
    this._buffer += text;
    return addEOL ? this.addEOL() : this;
  }
  /**
   * Adds the operating system-specific end-of-line marker to the buffer
   *
   * @returns {Summary} summary instance
   */
  addEOL() {
    return this.addRaw(external_os_.EOL);
  }
  /**
   * Adds an HTML codeblock to the summary buffer
   *
   * @param {string} code content to render within fenced code block
   * @param {string} lang (optional) language to syntax highlight code
   *
   * @returns {Summary} summary instance
   */
  addCodeBlock(code, lang) {
    const attrs = Object.assign({}, lang && { lang });
    const element = this.wrap("pre", this.wrap("code", code), attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML list to the summary buffer
   *
   * @param {string[]} items list of items to render
   * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
   *
   * @returns {Summary} summary instance
   */
  addList(items, ordered = false) {
    const tag = ordered ? "ol" : "ul";
    const listItems = items.map((item) => this.wrap("li", item)).join("");
    const element = this.wrap(tag, listItems);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML table to the summary buffer
   *
   * @param {SummaryTableCell[]} rows table rows
   *
   * @returns {Summary} summary instance
   */
  addTable(rows) {
    const tableBody = rows.map((row) => {
      const cells = row.map((cell) => {
        if (typeof cell === "string") {
          return this.wrap("td", cell);
        }
        const { header, data, colspan, rowspan } = cell;
        const tag = header ? "th" : "td";
        const attrs = Object.assign(Object.assign({}, colspan && { colspan }), rowspan && { rowspan });
        return this.wrap(tag, data, attrs);
      }).join("");
      return this.wrap("tr", cells);
    }).join("");
    const element = this.wrap("table", tableBody);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds a collapsable HTML details element to the summary buffer
   *
   * @param {string} label text for the closed state
   * @param {string} content collapsable content
   *
   * @returns {Summary} summary instance
   */
  addDetails(label, content) {
    const element = this.wrap("details", this.wrap("summary", label) + content);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML image tag to the summary buffer
   *
   * @param {string} src path to the image you to embed
   * @param {string} alt text description of the image
   * @param {SummaryImageOptions} options (optional) addition image attributes
   *
   * @returns {Summary} summary instance
   */
  addImage(src, alt, options) {
    const { width, height } = options || {};
    const attrs = Object.assign(Object.assign({}, width && { width }), height && { height });
    const element = this.wrap("img", null, Object.assign({ src, alt }, attrs));
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML section heading element
   *
   * @param {string} text heading text
   * @param {number | string} [level=1] (optional) the heading level, default: 1
   *
   * @returns {Summary} summary instance
   */
  addHeading(text, level) {
    const tag = `h${level}`;
    const allowedTag = ["h1", "h2", "h3", "h4", "h5", "h6"].includes(tag) ? tag : "h1";
    const element = this.wrap(allowedTag, text);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML thematic break (<hr>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addSeparator() {
    const element = this.wrap("hr", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML line break (<br>) to the summary buffer
   *
   * @returns {Summary} summary instance
   */
  addBreak() {
    const element = this.wrap("br", null);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML blockquote to the summary buffer
   *
   * @param {string} text quote text
   * @param {string} cite (optional) citation url
   *
   * @returns {Summary} summary instance
   */
  addQuote(text, cite) {
    const attrs = Object.assign({}, cite && { cite });
    const element = this.wrap("blockquote", text, attrs);
    return this.addRaw(element).addEOL();
  }
  /**
   * Adds an HTML anchor tag to the summary buffer
   *
   * @param {string} text link text/content
   * @param {string} href hyperlink
   *
   * @returns {Summary} summary instance
   */
  addLink(text, href) {
    const element = this.wrap("a", text, { href });
    return this.addRaw(element).addEOL();
  }
};
var _summary = new Summary();
var summary = _summary;

// node_modules/@actions/core/lib/platform.js

var platform = external_os_.platform();
var arch = external_os_.arch();

// node_modules/@actions/core/lib/core.js
var ExitCode;
(function(ExitCode2) {
  ExitCode2[ExitCode2["Success"] = 0] = "Success";
  ExitCode2[ExitCode2["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
function setSecret(secret) {
  issueCommand("add-mask", {}, secret);
}
function setOutput(name, value) {
  const filePath = process.env["GITHUB_OUTPUT"] || "";
  if (filePath) {
    return issueFileCommand("OUTPUT", prepareKeyValueMessage(name, value));
  }
  process.stdout.write(external_os_.EOL);
  issueCommand("set-output", { name }, toCommandValue(value));
}
function error(message, properties = {}) {
  issueCommand("error", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function warning(message, properties = {}) {
  issueCommand("warning", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function notice(message, properties = {}) {
  issueCommand("notice", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function info(message) {
  process.stdout.write(message + external_os_.EOL);
}
function startGroup(name) {
  issue("group", name);
}
function endGroup() {
  issue("endgroup");
}



/***/ }),

/***/ 7603:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   $: () => (/* binding */ NodeHttpHandler)
/* harmony export */ });
/* harmony import */ var _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(7746);
/* harmony import */ var _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(3981);
/* harmony import */ var node_https__WEBPACK_IMPORTED_MODULE_2__ = __nccwpck_require__(4708);
/* harmony import */ var node_stream__WEBPACK_IMPORTED_MODULE_3__ = __nccwpck_require__(7075);



// node_modules/@smithy/node-http-handler/dist-es/build-abort-error.js
function buildAbortError(abortSignal) {
  const reason = abortSignal && typeof abortSignal === "object" && "reason" in abortSignal ? abortSignal.reason : void 0;
  if (reason) {
    if (reason instanceof Error) {
      const abortError3 = new Error("Request aborted");
      abortError3.name = "AbortError";
      abortError3.cause = reason;
      return abortError3;
    }
    const abortError2 = new Error(String(reason));
    abortError2.name = "AbortError";
    return abortError2;
  }
  const abortError = new Error("Request aborted");
  abortError.name = "AbortError";
  return abortError;
}

// node_modules/@smithy/node-http-handler/dist-es/constants.js
var NODEJS_TIMEOUT_ERROR_CODES = ["ECONNRESET", "EPIPE", "ETIMEDOUT"];

// node_modules/@smithy/node-http-handler/dist-es/get-transformed-headers.js
var getTransformedHeaders = (headers) => {
  const transformedHeaders = {};
  for (const name in headers) {
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_1__/* .hasOwn */ .$3)(headers, name)) {
      continue;
    }
    const headerValues = headers[name];
    transformedHeaders[name] = Array.isArray(headerValues) ? headerValues.join(",") : headerValues;
  }
  return transformedHeaders;
};

// node_modules/@smithy/node-http-handler/dist-es/node-https.js


// node_modules/@smithy/node-http-handler/dist-es/timing.js
var timing = {
  setTimeout: (cb, ms) => setTimeout(cb, ms),
  clearTimeout: (timeoutId) => clearTimeout(timeoutId)
};

// node_modules/@smithy/node-http-handler/dist-es/set-connection-timeout.js
var DEFER_EVENT_LISTENER_TIME = 1e3;
var setConnectionTimeout = (request, reject, timeoutInMs = 0) => {
  if (!timeoutInMs) {
    return -1;
  }
  const registerTimeout = (offset) => {
    const timeoutId = timing.setTimeout(() => {
      request.destroy();
      reject(Object.assign(new Error(`@smithy/node-http-handler - the request socket did not establish a connection with the server within the configured timeout of ${timeoutInMs} ms.`), {
        name: "TimeoutError"
      }));
    }, timeoutInMs - offset);
    const doWithSocket = (socket) => {
      if (socket?.connecting) {
        socket.on("connect", () => {
          timing.clearTimeout(timeoutId);
        });
      } else {
        timing.clearTimeout(timeoutId);
      }
    };
    if (request.socket) {
      doWithSocket(request.socket);
    } else {
      request.on("socket", doWithSocket);
    }
  };
  if (timeoutInMs < 2e3) {
    registerTimeout(0);
    return 0;
  }
  return timing.setTimeout(registerTimeout.bind(null, DEFER_EVENT_LISTENER_TIME), DEFER_EVENT_LISTENER_TIME);
};

// node_modules/@smithy/node-http-handler/dist-es/set-request-timeout.js
var setRequestTimeout = (req, reject, timeoutInMs = 0, throwOnRequestTimeout, logger) => {
  if (timeoutInMs) {
    return timing.setTimeout(() => {
      let msg = `@smithy/node-http-handler - [${throwOnRequestTimeout ? "ERROR" : "WARN"}] a request has exceeded the configured ${timeoutInMs} ms requestTimeout.`;
      if (throwOnRequestTimeout) {
        const error = Object.assign(new Error(msg), {
          name: "TimeoutError",
          code: "ETIMEDOUT"
        });
        req.destroy(error);
        reject(error);
      } else {
        msg += ` Init client requestHandler with throwOnRequestTimeout=true to turn this into an error.`;
        logger?.warn?.(msg);
      }
    }, timeoutInMs);
  }
  return -1;
};

// node_modules/@smithy/node-http-handler/dist-es/set-socket-keep-alive.js
var DEFER_EVENT_LISTENER_TIME2 = 3e3;
var setSocketKeepAlive = (request, { keepAlive, keepAliveMsecs }, deferTimeMs = DEFER_EVENT_LISTENER_TIME2) => {
  if (keepAlive !== true) {
    return -1;
  }
  const registerListener = () => {
    if (request.socket) {
      request.socket.setKeepAlive(keepAlive, keepAliveMsecs || 0);
    } else {
      request.on("socket", (socket) => {
        socket.setKeepAlive(keepAlive, keepAliveMsecs || 0);
      });
    }
  };
  if (deferTimeMs === 0) {
    registerListener();
    return 0;
  }
  return timing.setTimeout(registerListener, deferTimeMs);
};

// node_modules/@smithy/node-http-handler/dist-es/resolve-default-socket-timeout.js
var resolveDefaultSocketTimeout = (config) => {
  const value = config?.defaultSocketTimeout;
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : void 0;
};

// node_modules/@smithy/node-http-handler/dist-es/set-socket-timeout.js
var DEFER_EVENT_LISTENER_TIME3 = 3e3;
var setSocketTimeout = (request, reject, timeoutInMs = 0, isServiceDefault = false) => {
  if (!Number.isFinite(timeoutInMs) || timeoutInMs <= 0) {
    return;
  }
  let response;
  request.once("response", (res) => response = res);
  const onTimeout = () => {
    if (response?.complete) {
      request.socket?.destroy();
      return;
    }
    const error = Object.assign(new Error(`@smithy/node-http-handler - the request socket timed out after ${timeoutInMs} ms of inactivity (${isServiceDefault ? "service default socket timeout" : "configured by client requestHandler"}).`), { name: "TimeoutError" });
    response?.destroy(error);
    request.destroy();
    reject(error);
  };
  const registerTimeout = () => {
    const { socket } = request;
    if (!socket) {
      request.once("socket", registerTimeout);
    } else if (socket.connecting) {
      socket.once("connect", registerTimeout);
    } else {
      socket.setTimeout(timeoutInMs, onTimeout);
      request.on("close", () => socket.removeListener("timeout", onTimeout));
    }
  };
  if (timeoutInMs < 6e3) {
    registerTimeout();
    return;
  }
  const deferralId = timing.setTimeout(registerTimeout, DEFER_EVENT_LISTENER_TIME3);
  request.once("close", () => timing.clearTimeout(deferralId));
};

// node_modules/@smithy/node-http-handler/dist-es/write-request-body.js

var MIN_WAIT_TIME = 6e3;
async function writeRequestBody(httpRequest, request, maxContinueTimeoutMs = MIN_WAIT_TIME, externalAgent = false) {
  const headers = request.headers;
  const expect = headers ? headers.Expect || headers.expect : void 0;
  let timeoutId = -1;
  let sendBody = true;
  if (!externalAgent && expect === "100-continue") {
    sendBody = await Promise.race([
      new Promise((resolve) => {
        timeoutId = Number(timing.setTimeout(() => resolve(true), Math.max(MIN_WAIT_TIME, maxContinueTimeoutMs)));
      }),
      new Promise((resolve) => {
        httpRequest.on("continue", () => {
          timing.clearTimeout(timeoutId);
          resolve(true);
        });
        httpRequest.on("response", () => {
          timing.clearTimeout(timeoutId);
          resolve(false);
        });
        httpRequest.on("error", () => {
          timing.clearTimeout(timeoutId);
          resolve(false);
        });
      })
    ]);
  }
  if (sendBody) {
    writeBody(httpRequest, request.body);
  }
}
function writeBody(httpRequest, body) {
  if (body instanceof node_stream__WEBPACK_IMPORTED_MODULE_3__.Readable) {
    body.pipe(httpRequest);
    return;
  }
  if (body) {
    const isBuffer = Buffer.isBuffer(body);
    const isString = typeof body === "string";
    if (isBuffer || isString) {
      if (isBuffer && body.byteLength === 0) {
        httpRequest.end();
      } else {
        httpRequest.end(body);
      }
      return;
    }
    const uint8 = body;
    if (typeof uint8 === "object" && uint8.buffer && typeof uint8.byteOffset === "number" && typeof uint8.byteLength === "number") {
      httpRequest.end(Buffer.from(uint8.buffer, uint8.byteOffset, uint8.byteLength));
      return;
    }
    httpRequest.end(Buffer.from(body));
    return;
  }
  httpRequest.end();
}

// node_modules/@smithy/node-http-handler/dist-es/node-http-handler.js
var hAgent = void 0;
var hRequest = void 0;
var NodeHttpHandler = class _NodeHttpHandler {
  config;
  configProvider;
  socketWarningTimestamp = 0;
  externalAgent = false;
  metadata = { handlerProtocol: "http/1.1" };
  static create(instanceOrOptions) {
    if (typeof instanceOrOptions?.handle === "function") {
      return instanceOrOptions;
    }
    return new _NodeHttpHandler(instanceOrOptions);
  }
  static checkSocketUsage(agent, socketWarningTimestamp, logger = console) {
    const { sockets, requests, maxSockets } = agent;
    if (typeof maxSockets !== "number" || maxSockets === Infinity) {
      return socketWarningTimestamp;
    }
    const interval = 15e3;
    if (Date.now() - interval < socketWarningTimestamp) {
      return socketWarningTimestamp;
    }
    if (sockets && requests) {
      for (const origin in sockets) {
        if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_1__/* .hasOwn */ .$3)(sockets, origin)) {
          continue;
        }
        const socketsInUse = sockets[origin]?.length ?? 0;
        const requestsEnqueued = requests[origin]?.length ?? 0;
        if (socketsInUse >= maxSockets && requestsEnqueued >= 2 * maxSockets) {
          logger?.warn?.(`@smithy/node-http-handler:WARN - socket usage at capacity=${socketsInUse} and ${requestsEnqueued} additional requests are enqueued.
See https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-maxsockets.html
or increase socketAcquisitionWarningTimeout=(millis) in the NodeHttpHandler config.`);
          return Date.now();
        }
      }
    }
    return socketWarningTimestamp;
  }
  constructor(options) {
    this.configProvider = new Promise((resolve, reject) => {
      if (typeof options === "function") {
        options().then((_options) => {
          resolve(this.resolveDefaultConfig(_options));
        }).catch(reject);
      } else {
        resolve(this.resolveDefaultConfig(options));
      }
    });
  }
  destroy() {
    this.config?.httpAgent?.destroy();
    this.config?.httpsAgent?.destroy();
  }
  async handle(request, { abortSignal, requestTimeout } = {}) {
    if (!this.config) {
      this.config = await this.configProvider;
    }
    const config = this.config;
    const logger = config.logger;
    const isSSL = request.protocol === "https:";
    if (!isSSL && !this.config.httpAgent) {
      this.config.httpAgent = await this.config.httpAgentProvider();
    }
    return new Promise((_resolve, _reject) => {
      let writeRequestBodyPromise = void 0;
      let socketWarningTimeoutId = -1;
      let connectionTimeoutId = -1;
      let requestTimeoutId = -1;
      let keepAliveTimeoutId = -1;
      const clearTimeouts = () => {
        timing.clearTimeout(socketWarningTimeoutId);
        timing.clearTimeout(connectionTimeoutId);
        timing.clearTimeout(requestTimeoutId);
        timing.clearTimeout(keepAliveTimeoutId);
      };
      const resolve = async (arg) => {
        await writeRequestBodyPromise;
        clearTimeouts();
        _resolve(arg);
      };
      const reject = async (arg) => {
        await writeRequestBodyPromise;
        clearTimeouts();
        _reject(arg);
      };
      if (abortSignal?.aborted) {
        const abortError = buildAbortError(abortSignal);
        reject(abortError);
        return;
      }
      const headers = request.headers;
      const expectContinue = headers ? (headers.Expect ?? headers.expect) === "100-continue" : false;
      let agent = isSSL ? config.httpsAgent : config.httpAgent;
      if (expectContinue && !this.externalAgent) {
        agent = new (isSSL ? node_https__WEBPACK_IMPORTED_MODULE_2__.Agent : hAgent)({
          keepAlive: false,
          maxSockets: Infinity
        });
      }
      socketWarningTimeoutId = timing.setTimeout(() => {
        this.socketWarningTimestamp = _NodeHttpHandler.checkSocketUsage(agent, this.socketWarningTimestamp, logger);
      }, config.socketAcquisitionWarningTimeout ?? (config.requestTimeout ?? 2e3) + (config.connectionTimeout ?? 1e3));
      const queryString = request.query ? (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_0__/* .buildQueryString */ .Go)(request.query) : "";
      let auth = void 0;
      if (request.username != null || request.password != null) {
        const username = request.username ?? "";
        const password = request.password ?? "";
        auth = `${username}:${password}`;
      }
      let path = request.path;
      if (queryString) {
        path += `?${queryString}`;
      }
      if (request.fragment) {
        path += `#${request.fragment}`;
      }
      let hostname = request.hostname ?? "";
      if (hostname[0] === "[" && hostname.endsWith("]")) {
        hostname = request.hostname.slice(1, -1);
      } else {
        hostname = request.hostname;
      }
      const nodeHttpsOptions = {
        headers: request.headers,
        host: hostname,
        method: request.method,
        path,
        port: request.port,
        agent,
        auth
      };
      const requestFunc = isSSL ? node_https__WEBPACK_IMPORTED_MODULE_2__.request : hRequest;
      const req = requestFunc(nodeHttpsOptions, (res) => {
        const httpResponse = new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_1__/* .HttpResponse */ .cS({
          statusCode: res.statusCode || -1,
          reason: res.statusMessage,
          headers: getTransformedHeaders(res.headers),
          body: res
        });
        resolve({ response: httpResponse });
      });
      req.on("error", (err) => {
        if (NODEJS_TIMEOUT_ERROR_CODES.includes(err.code)) {
          reject(Object.assign(err, { name: "TimeoutError" }));
        } else {
          reject(err);
        }
      });
      if (abortSignal) {
        const onAbort = () => {
          req.destroy();
          const abortError = buildAbortError(abortSignal);
          reject(abortError);
        };
        if (typeof abortSignal.addEventListener === "function") {
          const signal = abortSignal;
          signal.addEventListener("abort", onAbort, { once: true });
          req.once("close", () => signal.removeEventListener("abort", onAbort));
        } else {
          abortSignal.onabort = onAbort;
        }
      }
      const effectiveRequestTimeout = requestTimeout ?? config.requestTimeout;
      connectionTimeoutId = setConnectionTimeout(req, reject, config.connectionTimeout);
      requestTimeoutId = setRequestTimeout(req, reject, effectiveRequestTimeout, config.throwOnRequestTimeout, logger ?? console);
      const defaultSocketTimeout = config.socketTimeout === void 0 ? resolveDefaultSocketTimeout(config) : void 0;
      if (defaultSocketTimeout) {
        setSocketTimeout(req, reject, defaultSocketTimeout, true);
      } else {
        setSocketTimeout(req, reject, config.socketTimeout);
      }
      const httpAgent = nodeHttpsOptions.agent;
      if (typeof httpAgent === "object" && "keepAlive" in httpAgent) {
        keepAliveTimeoutId = setSocketKeepAlive(req, {
          keepAlive: httpAgent.keepAlive,
          keepAliveMsecs: httpAgent.keepAliveMsecs
        });
      }
      writeRequestBodyPromise = writeRequestBody(req, request, effectiveRequestTimeout, this.externalAgent).catch((e) => {
        clearTimeouts();
        return _reject(e);
      });
    });
  }
  updateHttpClientConfig(key, value) {
    this.config = void 0;
    this.configProvider = this.configProvider.then((config) => {
      switch (key) {
        case /* @__PURE__ */ Symbol.for("logger"):
          key = "logger";
          value = config.logger ?? value;
          break;
        case /* @__PURE__ */ Symbol.for("@smithy/defaultSocketTimeout"):
          key = "defaultSocketTimeout";
          value = resolveDefaultSocketTimeout(config) ?? value;
          break;
      }
      return {
        ...config,
        [key]: value
      };
    });
  }
  httpHandlerConfigs() {
    return this.config ?? {};
  }
  resolveDefaultConfig(options) {
    const { requestTimeout, connectionTimeout, socketTimeout, socketAcquisitionWarningTimeout, httpAgent, httpsAgent, throwOnRequestTimeout, logger } = options || {};
    const keepAlive = true;
    const maxSockets = 50;
    let httpAgentPromise;
    return {
      connectionTimeout,
      requestTimeout,
      socketTimeout,
      defaultSocketTimeout: resolveDefaultSocketTimeout(options),
      socketAcquisitionWarningTimeout,
      throwOnRequestTimeout,
      httpAgentProvider: () => httpAgentPromise ??= (async () => {
        const node_http = await Promise.resolve(/* import() */).then(__nccwpck_require__.t.bind(__nccwpck_require__, 7067, 19));
        const { Agent, request } = node_http.default ?? node_http;
        hRequest = request;
        hAgent = Agent;
        if (httpAgent instanceof hAgent || typeof httpAgent?.destroy === "function") {
          this.externalAgent = true;
          return httpAgent;
        }
        return new hAgent({ keepAlive, maxSockets, ...httpAgent });
      })(),
      httpsAgent: (() => {
        if (httpsAgent instanceof node_https__WEBPACK_IMPORTED_MODULE_2__.Agent || typeof httpsAgent?.destroy === "function") {
          this.externalAgent = true;
          return httpsAgent;
        }
        return new node_https__WEBPACK_IMPORTED_MODULE_2__.Agent({ keepAlive, maxSockets, ...httpsAgent });
      })(),
      logger
    };
  }
};




/***/ }),

/***/ 620:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   $S: () => (/* binding */ NODE_AUTH_SCHEME_PREFERENCE_OPTIONS),
/* harmony export */   AE: () => (/* binding */ NODE_SIGV4A_CONFIG_OPTIONS),
/* harmony export */   BB: () => (/* binding */ SignatureV4),
/* harmony export */   Oy: () => (/* binding */ resolveAwsSdkSigV4AConfig),
/* harmony export */   S1: () => (/* binding */ AwsSdkSigV4ASigner),
/* harmony export */   TE: () => (/* binding */ AwsJson1_1Protocol),
/* harmony export */   WK: () => (/* binding */ AwsJson1_0Protocol),
/* harmony export */   Yu: () => (/* binding */ AwsRestJsonProtocol),
/* harmony export */   dm: () => (/* binding */ signatureV4aContainer),
/* harmony export */   f2: () => (/* binding */ AwsSdkSigV4Signer),
/* harmony export */   ho: () => (/* binding */ resolveAwsSdkSigV4Config),
/* harmony export */   kE: () => (/* binding */ AwsQueryProtocol)
/* harmony export */ });
/* harmony import */ var _SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(6966);
/* harmony import */ var _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(7746);
/* harmony import */ var _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__ = __nccwpck_require__(3981);




// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/utils/getDateHeader.js
var getDateHeader = (response) => _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .HttpResponse */ .cS.isInstance(response) ? response.headers?.date ?? response.headers?.Date : void 0;
var getAgeHeader = (response) => _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .HttpResponse */ .cS.isInstance(response) ? response.headers?.age ?? response.headers?.Age : void 0;

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/utils/getSkewCorrectedDate.js
var getSkewCorrectedDate = (systemClockOffset) => new Date(Date.now() + systemClockOffset);

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/utils/getUpdatedSystemClockOffset.js
var getUpdatedSystemClockOffset = (clockTime, currentSystemClockOffset, timeRequestSent, ageHeader) => {
  if (ageHeader !== void 0) {
    return currentSystemClockOffset;
  }
  const serverTime = Date.parse(clockTime);
  if (Number.isNaN(serverTime)) {
    return currentSystemClockOffset;
  }
  const timeResponseReceived = Date.now();
  if (timeRequestSent !== void 0 && timeResponseReceived - timeRequestSent > 9e5) {
    return currentSystemClockOffset;
  }
  return serverTime - timeResponseReceived;
};

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/AwsSdkSigV4Signer.js
var throwSigningPropertyError = (name, property) => {
  if (!property) {
    throw new Error(`Property \`${name}\` is not resolved for AWS SDK SigV4Auth`);
  }
  return property;
};
var hasEventStreamOutput = (signingProperties) => {
  const context = signingProperties.context;
  const eventStream = context?.[_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .SMITHY_CONTEXT_KEY */ .Vf]?.eventStream;
  return eventStream?.output === true;
};
var validateSigningProperties = async (signingProperties) => {
  const context = throwSigningPropertyError("context", signingProperties.context);
  const config = throwSigningPropertyError("config", signingProperties.config);
  const authScheme = context.endpointV2?.properties?.authSchemes?.[0];
  const signerFunction = throwSigningPropertyError("signer", config.signer);
  const signer = await signerFunction(authScheme);
  const signingRegion = signingProperties?.signingRegion;
  const signingRegionSet = signingProperties?.signingRegionSet;
  const signingName = signingProperties?.signingName;
  return {
    config,
    signer,
    signingRegion,
    signingRegionSet,
    signingName
  };
};
var AwsSdkSigV4Signer = class {
  async sign(httpRequest, identity, signingProperties) {
    if (!_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .HttpRequest */ .Kd.isInstance(httpRequest)) {
      throw new Error("The request is not an instance of `HttpRequest` and cannot be signed");
    }
    const validatedProps = await validateSigningProperties(signingProperties);
    const { config, signer } = validatedProps;
    let { signingRegion, signingName } = validatedProps;
    const handlerExecutionContext = signingProperties.context;
    if (handlerExecutionContext?.authSchemes?.length ?? 0 > 1) {
      const [first, second] = handlerExecutionContext.authSchemes;
      if (first?.name === "sigv4a" && second?.name === "sigv4") {
        signingRegion = second?.signingRegion ?? signingRegion;
        signingName = second?.signingName ?? signingName;
      }
    }
    const noSkewCorrection = await config.disableClockSkewCorrection?.() === true;
    signingProperties._disableClockSkewCorrection = noSkewCorrection;
    const skipSkewSampling = noSkewCorrection || hasEventStreamOutput(signingProperties);
    signingProperties._skipClockSkewSampling = skipSkewSampling;
    if (!skipSkewSampling) {
      signingProperties._preRequestSystemClockOffset = config.systemClockOffset;
      signingProperties._requestSentAt = Date.now();
    }
    const signedRequest = await signer.sign(httpRequest, {
      signingDate: noSkewCorrection ? /* @__PURE__ */ new Date() : getSkewCorrectedDate(config.systemClockOffset),
      signingRegion,
      signingService: signingName
    });
    return signedRequest;
  }
  errorHandler(signingProperties) {
    return (error) => {
      const errorException = error;
      if (!signingProperties._skipClockSkewSampling && !signingProperties._disableClockSkewCorrection) {
        const serverTime = errorException.ServerTime ?? getDateHeader(errorException.$response);
        if (serverTime) {
          const config = throwSigningPropertyError("config", signingProperties.config);
          const preRequestOffset = signingProperties._preRequestSystemClockOffset;
          const timeRequestSent = signingProperties._requestSentAt;
          const ageHeader = getAgeHeader(errorException.$response);
          const newOffset = getUpdatedSystemClockOffset(serverTime, config.systemClockOffset, timeRequestSent, ageHeader);
          config.systemClockOffset = newOffset;
          const skewExceedsThreshold = Math.abs(newOffset) >= 24e4;
          const isLocalCorrection = newOffset !== preRequestOffset;
          const isConcurrentCorrection = preRequestOffset !== void 0 && preRequestOffset !== newOffset;
          if (skewExceedsThreshold && (isLocalCorrection || isConcurrentCorrection) && errorException.$metadata) {
            errorException.$metadata.clockSkewCorrected = true;
          }
        }
      }
      throw error;
    };
  }
  successHandler(httpResponse, signingProperties) {
    if (signingProperties._skipClockSkewSampling || signingProperties._disableClockSkewCorrection) {
      return;
    }
    const dateHeader = getDateHeader(httpResponse);
    if (dateHeader) {
      const config = throwSigningPropertyError("config", signingProperties.config);
      const timeRequestSent = signingProperties._requestSentAt;
      const ageHeader = getAgeHeader(httpResponse);
      config.systemClockOffset = getUpdatedSystemClockOffset(dateHeader, config.systemClockOffset, timeRequestSent, ageHeader);
    }
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/AwsSdkSigV4ASigner.js
var AwsSdkSigV4ASigner = class extends AwsSdkSigV4Signer {
  async sign(httpRequest, identity, signingProperties) {
    if (!_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .HttpRequest */ .Kd.isInstance(httpRequest)) {
      throw new Error("The request is not an instance of `HttpRequest` and cannot be signed");
    }
    const { config, signer, signingRegion, signingRegionSet, signingName } = await validateSigningProperties(signingProperties);
    const configResolvedSigningRegionSet = await config.sigv4aSigningRegionSet?.();
    const multiRegionOverride = (configResolvedSigningRegionSet ?? signingRegionSet ?? [signingRegion]).join(",");
    const noSkewCorrection = await config.disableClockSkewCorrection?.() === true;
    signingProperties._disableClockSkewCorrection = noSkewCorrection;
    if (!noSkewCorrection) {
      signingProperties._preRequestSystemClockOffset = config.systemClockOffset;
      signingProperties._requestSentAt = Date.now();
    }
    const signedRequest = await signer.sign(httpRequest, {
      signingDate: noSkewCorrection ? /* @__PURE__ */ new Date() : getSkewCorrectedDate(config.systemClockOffset),
      signingRegion: multiRegionOverride,
      signingService: signingName
    });
    return signedRequest;
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/utils/getArrayForCommaSeparatedString.js
var getArrayForCommaSeparatedString = (str) => typeof str === "string" && str.length > 0 ? str.split(",").map((item) => item.trim()) : [];

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/utils/getBearerTokenEnvKey.js
var getBearerTokenEnvKey = (signingName) => `AWS_BEARER_TOKEN_${signingName.replace(/[\s-]/g, "_").toUpperCase()}`;

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/NODE_AUTH_SCHEME_PREFERENCE_OPTIONS.js
var NODE_AUTH_SCHEME_PREFERENCE_ENV_KEY = "AWS_AUTH_SCHEME_PREFERENCE";
var NODE_AUTH_SCHEME_PREFERENCE_CONFIG_KEY = "auth_scheme_preference";
var NODE_AUTH_SCHEME_PREFERENCE_OPTIONS = {
  environmentVariableSelector: (env, options) => {
    if (options?.signingName) {
      const bearerTokenKey = getBearerTokenEnvKey(options.signingName);
      if (bearerTokenKey in env) {
        return ["httpBearerAuth"];
      }
    }
    if (!(NODE_AUTH_SCHEME_PREFERENCE_ENV_KEY in env)) {
      return void 0;
    }
    return getArrayForCommaSeparatedString(env[NODE_AUTH_SCHEME_PREFERENCE_ENV_KEY]);
  },
  configFileSelector: (profile) => {
    if (!(NODE_AUTH_SCHEME_PREFERENCE_CONFIG_KEY in profile)) {
      return void 0;
    }
    return getArrayForCommaSeparatedString(profile[NODE_AUTH_SCHEME_PREFERENCE_CONFIG_KEY]);
  },
  default: []
};

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/resolveAwsSdkSigV4AConfig.js
var resolveAwsSdkSigV4AConfig = (config) => {
  config.sigv4aSigningRegionSet = (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .normalizeProvider */ .te)(config.sigv4aSigningRegionSet);
  return config;
};
var NODE_SIGV4A_CONFIG_OPTIONS = {
  environmentVariableSelector(env) {
    if (env.AWS_SIGV4A_SIGNING_REGION_SET) {
      return env.AWS_SIGV4A_SIGNING_REGION_SET.split(",").map((_) => _.trim());
    }
    throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .ProviderError */ .mZ("AWS_SIGV4A_SIGNING_REGION_SET not set in env.", {
      tryNextLink: true
    });
  },
  configFileSelector(profile) {
    if (profile.sigv4a_signing_region_set) {
      return (profile.sigv4a_signing_region_set ?? "").split(",").map((_) => _.trim());
    }
    throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .ProviderError */ .mZ("sigv4a_signing_region_set not set in profile.", {
      tryNextLink: true
    });
  },
  default: void 0
};

// node_modules/@smithy/signature-v4/dist-es/HeaderFormatter.js
var HeaderFormatter = class {
  format(headers) {
    const chunks = [];
    for (const headerName in headers) {
      if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(headers, headerName)) {
        continue;
      }
      const bytes = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .fromUtf8 */ .ar)(headerName);
      chunks.push(Uint8Array.from([bytes.byteLength]), bytes, this.formatHeaderValue(headers[headerName]));
    }
    const out = new Uint8Array(chunks.reduce((carry, bytes) => carry + bytes.byteLength, 0));
    let position = 0;
    for (const chunk of chunks) {
      out.set(chunk, position);
      position += chunk.byteLength;
    }
    return out;
  }
  formatHeaderValue(header) {
    switch (header.type) {
      case "boolean":
        return Uint8Array.from([header.value ? 0 : 1]);
      case "byte":
        return Uint8Array.from([2, header.value]);
      case "short":
        const shortView = new DataView(new ArrayBuffer(3));
        shortView.setUint8(0, 3);
        shortView.setInt16(1, header.value, false);
        return new Uint8Array(shortView.buffer);
      case "integer":
        const intView = new DataView(new ArrayBuffer(5));
        intView.setUint8(0, 4);
        intView.setInt32(1, header.value, false);
        return new Uint8Array(intView.buffer);
      case "long":
        const longBytes = new Uint8Array(9);
        longBytes[0] = 5;
        longBytes.set(header.value.bytes, 1);
        return longBytes;
      case "binary":
        const binView = new DataView(new ArrayBuffer(3 + header.value.byteLength));
        binView.setUint8(0, 6);
        binView.setUint16(1, header.value.byteLength, false);
        const binBytes = new Uint8Array(binView.buffer);
        binBytes.set(header.value, 3);
        return binBytes;
      case "string":
        const utf8Bytes = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .fromUtf8 */ .ar)(header.value);
        const strView = new DataView(new ArrayBuffer(3 + utf8Bytes.byteLength));
        strView.setUint8(0, 7);
        strView.setUint16(1, utf8Bytes.byteLength, false);
        const strBytes = new Uint8Array(strView.buffer);
        strBytes.set(utf8Bytes, 3);
        return strBytes;
      case "timestamp":
        const tsBytes = new Uint8Array(9);
        tsBytes[0] = 8;
        tsBytes.set(Int64.fromNumber(header.value.valueOf()).bytes, 1);
        return tsBytes;
      case "uuid":
        if (!UUID_PATTERN.test(header.value)) {
          throw new Error(`Invalid UUID received: ${header.value}`);
        }
        const uuidBytes = new Uint8Array(17);
        uuidBytes[0] = 9;
        uuidBytes.set((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .fromHex */ .aD)(header.value.replace(/-/g, "")), 1);
        return uuidBytes;
    }
  }
};
var HEADER_VALUE_TYPE;
(function(HEADER_VALUE_TYPE2) {
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["boolTrue"] = 0] = "boolTrue";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["boolFalse"] = 1] = "boolFalse";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["byte"] = 2] = "byte";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["short"] = 3] = "short";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["integer"] = 4] = "integer";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["long"] = 5] = "long";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["byteArray"] = 6] = "byteArray";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["string"] = 7] = "string";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["timestamp"] = 8] = "timestamp";
  HEADER_VALUE_TYPE2[HEADER_VALUE_TYPE2["uuid"] = 9] = "uuid";
})(HEADER_VALUE_TYPE || (HEADER_VALUE_TYPE = {}));
var UUID_PATTERN = /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;
var Int64 = class _Int64 {
  bytes;
  constructor(bytes) {
    this.bytes = bytes;
    if (bytes.byteLength !== 8) {
      throw new Error("Int64 buffers must be exactly 8 bytes");
    }
  }
  static fromNumber(number) {
    if (number > 9223372036854776e3 || number < -9223372036854776e3) {
      throw new Error(`${number} is too large (or, if negative, too small) to represent as an Int64`);
    }
    const bytes = new Uint8Array(8);
    for (let i = 7, remaining = Math.abs(Math.round(number)); i > -1 && remaining > 0; i--, remaining /= 256) {
      bytes[i] = remaining;
    }
    if (number < 0) {
      negate(bytes);
    }
    return new _Int64(bytes);
  }
  valueOf() {
    const bytes = this.bytes.slice(0);
    const negative = bytes[0] & 128;
    if (negative) {
      negate(bytes);
    }
    return parseInt((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(bytes), 16) * (negative ? -1 : 1);
  }
  toString() {
    return String(this.valueOf());
  }
};
function negate(bytes) {
  for (let i = 0; i < 8; i++) {
    bytes[i] ^= 255;
  }
  for (let i = 7; i > -1; i--) {
    bytes[i]++;
    if (bytes[i] !== 0) {
      break;
    }
  }
}

// node_modules/@smithy/signature-v4/dist-es/constants.js
var ALGORITHM_QUERY_PARAM = "X-Amz-Algorithm";
var CREDENTIAL_QUERY_PARAM = "X-Amz-Credential";
var AMZ_DATE_QUERY_PARAM = "X-Amz-Date";
var SIGNED_HEADERS_QUERY_PARAM = "X-Amz-SignedHeaders";
var EXPIRES_QUERY_PARAM = "X-Amz-Expires";
var SIGNATURE_QUERY_PARAM = "X-Amz-Signature";
var TOKEN_QUERY_PARAM = "X-Amz-Security-Token";
var AUTH_HEADER = "authorization";
var AMZ_DATE_HEADER = AMZ_DATE_QUERY_PARAM.toLowerCase();
var DATE_HEADER = "date";
var GENERATED_HEADERS = [AUTH_HEADER, AMZ_DATE_HEADER, DATE_HEADER];
var SIGNATURE_HEADER = SIGNATURE_QUERY_PARAM.toLowerCase();
var SHA256_HEADER = "x-amz-content-sha256";
var TOKEN_HEADER = TOKEN_QUERY_PARAM.toLowerCase();
var ALWAYS_UNSIGNABLE_HEADERS = {
  authorization: true,
  "cache-control": true,
  connection: true,
  expect: true,
  from: true,
  "keep-alive": true,
  "max-forwards": true,
  pragma: true,
  referer: true,
  te: true,
  trailer: true,
  "transfer-encoding": true,
  upgrade: true,
  "user-agent": true,
  "x-amzn-trace-id": true
};
var PROXY_HEADER_PATTERN = /^proxy-/;
var SEC_HEADER_PATTERN = /^sec-/;
var ALGORITHM_IDENTIFIER = "AWS4-HMAC-SHA256";
var EVENT_ALGORITHM_IDENTIFIER = "AWS4-HMAC-SHA256-PAYLOAD";
var UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";
var MAX_CACHE_SIZE = 50;
var KEY_TYPE_IDENTIFIER = "aws4_request";
var MAX_PRESIGNED_TTL = 60 * 60 * 24 * 7;

// node_modules/@smithy/signature-v4/dist-es/getCanonicalQuery.js
var getCanonicalQuery = ({ query = {} }) => {
  const keys = [];
  const serialized = {};
  for (const key in query) {
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(query, key)) {
      continue;
    }
    if (key.toLowerCase() === SIGNATURE_HEADER) {
      continue;
    }
    const encodedKey = (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .escapeUri */ .o$)(key);
    keys.push(encodedKey);
    const value = query[key];
    if (typeof value === "string") {
      serialized[encodedKey] = `${encodedKey}=${(0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .escapeUri */ .o$)(value)}`;
    } else if (Array.isArray(value)) {
      serialized[encodedKey] = value.slice(0).reduce((encoded, value2) => encoded.concat([`${encodedKey}=${(0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .escapeUri */ .o$)(value2)}`]), []).sort().join("&");
    }
  }
  return keys.sort().map((key) => serialized[key]).filter((serialized2) => serialized2).join("&");
};

// node_modules/@smithy/signature-v4/dist-es/utilDate.js
var iso8601 = (time) => toDate(time).toISOString().replace(/\.\d{3}Z$/, "Z");
var toDate = (time) => {
  if (typeof time === "number") {
    return new Date(time * 1e3);
  }
  if (typeof time === "string") {
    if (Number(time)) {
      return new Date(Number(time) * 1e3);
    }
    return new Date(time);
  }
  return time;
};

// node_modules/@smithy/signature-v4/dist-es/SignatureV4Base.js
var SignatureV4Base = class {
  service;
  regionProvider;
  credentialProvider;
  sha256;
  uriEscapePath;
  applyChecksum;
  constructor({ applyChecksum, credentials, region, service, sha256, uriEscapePath = true }) {
    this.service = service;
    this.sha256 = sha256;
    this.uriEscapePath = uriEscapePath;
    this.applyChecksum = typeof applyChecksum === "boolean" ? applyChecksum : true;
    this.regionProvider = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .normalizeProvider */ .te)(region);
    this.credentialProvider = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .normalizeProvider */ .te)(credentials);
  }
  createCanonicalRequest(request, canonicalHeaders, payloadHash) {
    const sortedHeaders = Object.keys(canonicalHeaders).sort();
    return `${request.method}
${this.getCanonicalPath(request)}
${getCanonicalQuery(request)}
${sortedHeaders.map((name) => `${name}:${canonicalHeaders[name]}`).join("\n")}

${sortedHeaders.join(";")}
${payloadHash}`;
  }
  async createStringToSign(longDate, credentialScope, canonicalRequest, algorithmIdentifier) {
    const hash = new this.sha256();
    hash.update((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toUint8Array */ .Fo)(canonicalRequest));
    const hashedRequest = await hash.digest();
    return `${algorithmIdentifier}
${longDate}
${credentialScope}
${(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(hashedRequest)}`;
  }
  getCanonicalPath({ path }) {
    if (this.uriEscapePath) {
      const normalizedPathSegments = [];
      for (const pathSegment of path.split("/")) {
        if (pathSegment?.length === 0) {
          continue;
        }
        if (pathSegment === ".") {
          continue;
        }
        if (pathSegment === "..") {
          normalizedPathSegments.pop();
        } else {
          normalizedPathSegments.push(pathSegment);
        }
      }
      const normalizedPath = `${path?.startsWith("/") ? "/" : ""}${normalizedPathSegments.join("/")}${normalizedPathSegments.length > 0 && path?.endsWith("/") ? "/" : ""}`;
      const doubleEncoded = (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .escapeUri */ .o$)(normalizedPath);
      return doubleEncoded.replace(/%2F/g, "/");
    }
    return path;
  }
  validateResolvedCredentials(credentials) {
    if (typeof credentials !== "object" || typeof credentials.accessKeyId !== "string" || typeof credentials.secretAccessKey !== "string") {
      throw new Error("Resolved credential object is not valid");
    }
  }
  formatDate(now) {
    const longDate = iso8601(now).replace(/[-:]/g, "");
    return {
      longDate,
      shortDate: longDate.slice(0, 8)
    };
  }
  getCanonicalHeaderList(headers) {
    return Object.keys(headers).sort().join(";");
  }
};

// node_modules/@smithy/signature-v4/dist-es/credentialDerivation.js
var signingKeyCache = {};
var cacheQueue = [];
var createScope = (shortDate, region, service) => `${shortDate}/${region}/${service}/${KEY_TYPE_IDENTIFIER}`;
var getSigningKey = async (sha256Constructor, credentials, shortDate, region, service) => {
  const credsHash = await hmac(sha256Constructor, credentials.secretAccessKey, credentials.accessKeyId);
  const cacheKey = `${shortDate}:${region}:${service}:${(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(credsHash)}:${credentials.sessionToken}`;
  if (cacheKey in signingKeyCache) {
    return signingKeyCache[cacheKey];
  }
  cacheQueue.push(cacheKey);
  while (cacheQueue.length > MAX_CACHE_SIZE) {
    delete signingKeyCache[cacheQueue.shift()];
  }
  let key = `AWS4${credentials.secretAccessKey}`;
  for (const signable of [shortDate, region, service, KEY_TYPE_IDENTIFIER]) {
    key = await hmac(sha256Constructor, key, signable);
  }
  return signingKeyCache[cacheKey] = key;
};
var hmac = (ctor, secret, data) => {
  const hash = new ctor(secret);
  hash.update((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toUint8Array */ .Fo)(data));
  return hash.digest();
};

// node_modules/@smithy/signature-v4/dist-es/getCanonicalHeaders.js
var getCanonicalHeaders = ({ headers }, unsignableHeaders, signableHeaders) => {
  const canonical = {};
  for (const headerName of Object.keys(headers).sort()) {
    if (headers[headerName] == void 0) {
      continue;
    }
    const canonicalHeaderName = headerName.toLowerCase();
    if ((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(ALWAYS_UNSIGNABLE_HEADERS, canonicalHeaderName) || unsignableHeaders?.has(canonicalHeaderName) || PROXY_HEADER_PATTERN.test(canonicalHeaderName) || SEC_HEADER_PATTERN.test(canonicalHeaderName)) {
      if (!signableHeaders || signableHeaders && !signableHeaders.has(canonicalHeaderName)) {
        continue;
      }
    }
    if (canonicalHeaderName === "__proto__") {
      (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .writeKey */ .TE)(canonical);
    }
    canonical[canonicalHeaderName] = headers[headerName].replace(/[\r\n]/g, " ").replace(/[ \t]+/g, " ").replace(/^ | $/g, "");
  }
  return canonical;
};

// node_modules/@smithy/signature-v4/dist-es/getPayloadHash.js
var getPayloadHash = async ({ headers, body }, hashConstructor) => {
  for (const headerName in headers) {
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(headers, headerName)) {
      continue;
    }
    if (headerName.toLowerCase() === SHA256_HEADER) {
      return headers[headerName];
    }
  }
  if (body == void 0) {
    return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  } else if (typeof body === "string" || ArrayBuffer.isView(body) || (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .isArrayBuffer */ .mw)(body)) {
    const hashCtor = new hashConstructor();
    hashCtor.update((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toUint8Array */ .Fo)(body));
    return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(await hashCtor.digest());
  }
  return UNSIGNED_PAYLOAD;
};

// node_modules/@smithy/signature-v4/dist-es/headerUtil.js
var hasHeader = (soughtHeader, headers) => {
  soughtHeader = soughtHeader.toLowerCase();
  for (const headerName in headers) {
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(headers, headerName)) {
      continue;
    }
    if (soughtHeader === headerName.toLowerCase()) {
      return true;
    }
  }
  return false;
};

// node_modules/@smithy/signature-v4/dist-es/moveHeadersToQuery.js
var moveHeadersToQuery = (request, options = {}) => {
  const { headers, query = {} } = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .HttpRequest */ .Kd.clone(request);
  for (const name in headers) {
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(headers, name)) {
      continue;
    }
    const lname = name.toLowerCase();
    if (lname.slice(0, 6) === "x-amz-" && !options.unhoistableHeaders?.has(lname) || options.hoistableHeaders?.has(lname)) {
      query[name] = headers[name];
      delete headers[name];
    }
  }
  return {
    ...request,
    headers,
    query
  };
};

// node_modules/@smithy/signature-v4/dist-es/prepareRequest.js
var prepareRequest = (request) => {
  request = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .HttpRequest */ .Kd.clone(request);
  for (const headerName in request.headers) {
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .hasOwn */ .$3)(request.headers, headerName)) {
      continue;
    }
    if (GENERATED_HEADERS.indexOf(headerName.toLowerCase()) > -1) {
      delete request.headers[headerName];
    }
  }
  return request;
};

// node_modules/@smithy/signature-v4/dist-es/SignatureV4.js
var SignatureV4 = class extends SignatureV4Base {
  headerFormatter = new HeaderFormatter();
  constructor({ applyChecksum, credentials, region, service, sha256, uriEscapePath = true }) {
    super({
      applyChecksum,
      credentials,
      region,
      service,
      sha256,
      uriEscapePath
    });
  }
  async presign(originalRequest, options = {}) {
    const { signingDate = /* @__PURE__ */ new Date(), expiresIn = 3600, unsignableHeaders, unhoistableHeaders, signableHeaders, hoistableHeaders, signingRegion, signingService } = options;
    const credentials = await this.credentialProvider();
    this.validateResolvedCredentials(credentials);
    const region = signingRegion ?? await this.regionProvider();
    const { longDate, shortDate } = this.formatDate(signingDate);
    if (expiresIn > MAX_PRESIGNED_TTL) {
      return Promise.reject("Signature version 4 presigned URLs must have an expiration date less than one week in the future");
    }
    const scope = createScope(shortDate, region, signingService ?? this.service);
    const request = moveHeadersToQuery(prepareRequest(originalRequest), { unhoistableHeaders, hoistableHeaders });
    if (credentials.sessionToken) {
      request.query[TOKEN_QUERY_PARAM] = credentials.sessionToken;
    }
    request.query[ALGORITHM_QUERY_PARAM] = ALGORITHM_IDENTIFIER;
    request.query[CREDENTIAL_QUERY_PARAM] = `${credentials.accessKeyId}/${scope}`;
    request.query[AMZ_DATE_QUERY_PARAM] = longDate;
    request.query[EXPIRES_QUERY_PARAM] = expiresIn.toString(10);
    const canonicalHeaders = getCanonicalHeaders(request, unsignableHeaders, signableHeaders);
    request.query[SIGNED_HEADERS_QUERY_PARAM] = this.getCanonicalHeaderList(canonicalHeaders);
    request.query[SIGNATURE_QUERY_PARAM] = await this.getSignature(longDate, scope, this.getSigningKey(credentials, region, shortDate, signingService), this.createCanonicalRequest(request, canonicalHeaders, await getPayloadHash(originalRequest, this.sha256)));
    return request;
  }
  async sign(toSign, options) {
    if (typeof toSign === "string") {
      return this.signString(toSign, options);
    } else if (toSign.headers && toSign.payload) {
      return this.signEvent(toSign, options);
    } else if (toSign.message) {
      return this.signMessage(toSign, options);
    } else {
      return this.signRequest(toSign, options);
    }
  }
  async signEvent({ headers, payload }, { signingDate = /* @__PURE__ */ new Date(), priorSignature, signingRegion, signingService, eventStreamCredentials }) {
    const region = signingRegion ?? await this.regionProvider();
    const { shortDate, longDate } = this.formatDate(signingDate);
    const scope = createScope(shortDate, region, signingService ?? this.service);
    const hashedPayload = await getPayloadHash({ headers: {}, body: payload }, this.sha256);
    const hash = new this.sha256();
    hash.update(headers);
    const hashedHeaders = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(await hash.digest());
    const stringToSign = [
      EVENT_ALGORITHM_IDENTIFIER,
      longDate,
      scope,
      priorSignature,
      hashedHeaders,
      hashedPayload
    ].join("\n");
    return this.signString(stringToSign, {
      signingDate,
      signingRegion: region,
      signingService,
      eventStreamCredentials
    });
  }
  async signMessage(signableMessage, { signingDate = /* @__PURE__ */ new Date(), signingRegion, signingService, eventStreamCredentials }) {
    const promise = this.signEvent({
      headers: this.headerFormatter.format(signableMessage.message.headers),
      payload: signableMessage.message.body
    }, {
      signingDate,
      signingRegion,
      signingService,
      priorSignature: signableMessage.priorSignature,
      eventStreamCredentials
    });
    return promise.then((signature) => {
      return { message: signableMessage.message, signature };
    });
  }
  async signString(stringToSign, { signingDate = /* @__PURE__ */ new Date(), signingRegion, signingService, eventStreamCredentials } = {}) {
    const credentials = eventStreamCredentials ?? await this.credentialProvider();
    this.validateResolvedCredentials(credentials);
    const region = signingRegion ?? await this.regionProvider();
    const { shortDate } = this.formatDate(signingDate);
    const hash = new this.sha256(await this.getSigningKey(credentials, region, shortDate, signingService));
    hash.update((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toUint8Array */ .Fo)(stringToSign));
    return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(await hash.digest());
  }
  async signRequest(requestToSign, { signingDate = /* @__PURE__ */ new Date(), signableHeaders, unsignableHeaders, signingRegion, signingService } = {}) {
    const credentials = await this.credentialProvider();
    this.validateResolvedCredentials(credentials);
    const region = signingRegion ?? await this.regionProvider();
    const request = prepareRequest(requestToSign);
    const { longDate, shortDate } = this.formatDate(signingDate);
    const scope = createScope(shortDate, region, signingService ?? this.service);
    request.headers[AMZ_DATE_HEADER] = longDate;
    if (credentials.sessionToken) {
      request.headers[TOKEN_HEADER] = credentials.sessionToken;
    }
    const payloadHash = await getPayloadHash(request, this.sha256);
    if (!hasHeader(SHA256_HEADER, request.headers) && this.applyChecksum) {
      request.headers[SHA256_HEADER] = payloadHash;
    }
    const canonicalHeaders = getCanonicalHeaders(request, unsignableHeaders, signableHeaders);
    const signature = await this.getSignature(longDate, scope, this.getSigningKey(credentials, region, shortDate, signingService), this.createCanonicalRequest(request, canonicalHeaders, payloadHash));
    request.headers[AUTH_HEADER] = `${ALGORITHM_IDENTIFIER} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${this.getCanonicalHeaderList(canonicalHeaders)}, Signature=${signature}`;
    return request;
  }
  async getSignature(longDate, credentialScope, keyPromise, canonicalRequest) {
    const stringToSign = await this.createStringToSign(longDate, credentialScope, canonicalRequest, ALGORITHM_IDENTIFIER);
    const hash = new this.sha256(await keyPromise);
    hash.update((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toUint8Array */ .Fo)(stringToSign));
    return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toHex */ .nj)(await hash.digest());
  }
  getSigningKey(credentials, region, shortDate, service) {
    return getSigningKey(this.sha256, credentials, shortDate, region, service || this.service);
  }
};

// node_modules/@smithy/signature-v4/dist-es/signature-v4a-container.js
var signatureV4aContainer = {
  SignatureV4a: null
};

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/resolveAwsSdkSigV4Config.js
var bindResolveAwsSdkSigV4Config = (defaultDisableClockSkewCorrection) => (config) => {
  let inputCredentials = config.credentials;
  let isUserSupplied = !!config.credentials;
  let resolvedCredentials = void 0;
  Object.defineProperty(config, "credentials", {
    set(credentials) {
      if (credentials && credentials !== inputCredentials && credentials !== resolvedCredentials) {
        isUserSupplied = true;
      }
      inputCredentials = credentials;
      const memoizedProvider = normalizeCredentialProvider(config, {
        credentials: inputCredentials,
        credentialDefaultProvider: config.credentialDefaultProvider
      });
      const boundProvider = bindCallerConfig(config, memoizedProvider);
      if (isUserSupplied && !boundProvider.attributed) {
        const isCredentialObject = typeof inputCredentials === "object" && inputCredentials !== null;
        resolvedCredentials = async (options) => {
          const creds = await boundProvider(options);
          const attributedCreds = creds;
          if (isCredentialObject && (!attributedCreds.$source || Object.keys(attributedCreds.$source).length === 0)) {
            return (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .setCredentialFeature */ .gD)(attributedCreds, "CREDENTIALS_CODE", "e");
          }
          return attributedCreds;
        };
        resolvedCredentials.memoized = boundProvider.memoized;
        resolvedCredentials.configBound = boundProvider.configBound;
        resolvedCredentials.attributed = true;
      } else {
        resolvedCredentials = boundProvider;
      }
    },
    get() {
      return resolvedCredentials;
    },
    enumerable: true,
    configurable: true
  });
  config.credentials = inputCredentials;
  const { signingEscapePath = true, systemClockOffset = config.systemClockOffset || 0, sha256 } = config;
  let signer;
  if (config.signer) {
    signer = (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .normalizeProvider */ .te)(config.signer);
  } else if (config.regionInfoProvider) {
    signer = () => (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .normalizeProvider */ .te)(config.region)().then(async (region) => [
      await config.regionInfoProvider(region, {
        useFipsEndpoint: await config.useFipsEndpoint(),
        useDualstackEndpoint: await config.useDualstackEndpoint()
      }) || {},
      region
    ]).then(([regionInfo, region]) => {
      const { signingRegion, signingService } = regionInfo;
      config.signingRegion = config.signingRegion || signingRegion || region;
      config.signingName = config.signingName || signingService || config.serviceId;
      const params = {
        ...config,
        credentials: config.credentials,
        region: config.signingRegion,
        service: config.signingName,
        sha256,
        uriEscapePath: signingEscapePath
      };
      const SignerCtor = config.signerConstructor || SignatureV4;
      return new SignerCtor(params);
    });
  } else {
    signer = async (authScheme) => {
      authScheme = Object.assign({}, {
        name: "sigv4",
        signingName: config.signingName || config.defaultSigningName,
        signingRegion: await (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .normalizeProvider */ .te)(config.region)(),
        properties: {}
      }, authScheme);
      const signingRegion = authScheme.signingRegion;
      const signingService = authScheme.signingName;
      config.signingRegion = config.signingRegion || signingRegion;
      config.signingName = config.signingName || signingService || config.serviceId;
      const params = {
        ...config,
        credentials: config.credentials,
        region: config.signingRegion,
        service: config.signingName,
        sha256,
        uriEscapePath: signingEscapePath
      };
      const SignerCtor = config.signerConstructor || SignatureV4;
      return new SignerCtor(params);
    };
  }
  const resolvedConfig = Object.assign(config, {
    systemClockOffset,
    signingEscapePath,
    signer,
    disableClockSkewCorrection: (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .normalizeProvider */ .te)(config.disableClockSkewCorrection ?? defaultDisableClockSkewCorrection)
  });
  return resolvedConfig;
};
function normalizeCredentialProvider(config, { credentials, credentialDefaultProvider }) {
  let credentialsProvider;
  if (credentials) {
    if (!credentials?.memoized) {
      credentialsProvider = (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .memoizeIdentityProvider */ .K4)(credentials, _SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .isIdentityExpired */ .OC, _SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .doesIdentityRequireRefresh */ .e);
    } else {
      credentialsProvider = credentials;
    }
  } else {
    if (credentialDefaultProvider) {
      credentialsProvider = (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .normalizeProvider */ .te)(credentialDefaultProvider(Object.assign({}, config, {
        parentClientConfig: config
      })));
    } else {
      credentialsProvider = async () => {
        throw new Error("@aws-sdk/core::resolveAwsSdkSigV4Config - `credentials` not provided and no credentialDefaultProvider was configured.");
      };
    }
  }
  credentialsProvider.memoized = true;
  return credentialsProvider;
}
function bindCallerConfig(config, credentialsProvider) {
  if (credentialsProvider.configBound) {
    return credentialsProvider;
  }
  const fn = async (options) => credentialsProvider({ ...options, callerClientConfig: config });
  fn.memoized = credentialsProvider.memoized;
  fn.configBound = true;
  return fn;
}

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/clock-skew-node-config.js
var ENV_DISABLE_CLOCK_SKEW_CORRECTION = "AWS_DISABLE_CLOCK_SKEW_CORRECTION";
var CONFIG_DISABLE_CLOCK_SKEW_CORRECTION = "disable_clock_skew_correction";
var NODE_DISABLE_CLOCK_SKEW_CORRECTION_CONFIG_OPTIONS = {
  environmentVariableSelector: (env) => (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .booleanSelector */ .Qm)(env, ENV_DISABLE_CLOCK_SKEW_CORRECTION, _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .SelectorType */ .cV.ENV),
  configFileSelector: (profile) => (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .booleanSelector */ .Qm)(profile, CONFIG_DISABLE_CLOCK_SKEW_CORRECTION, _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .SelectorType */ .cV.CONFIG),
  default: false
};

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/aws_sdk/clock-skew-defaults.js
var DEFAULT_DISABLE_CLOCK_SKEW_CORRECTION = (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .loadConfig */ .Z9)(NODE_DISABLE_CLOCK_SKEW_CORRECTION_CONFIG_OPTIONS);

// node_modules/@aws-sdk/core/dist-es/submodules/httpAuthSchemes/index.js
var resolveAwsSdkSigV4Config = bindResolveAwsSdkSigV4Config(DEFAULT_DISABLE_CLOCK_SKEW_CORRECTION);

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/ProtocolLib.js
var ProtocolLib = class {
  queryCompat;
  errorRegistry;
  constructor(queryCompat = false) {
    this.queryCompat = queryCompat;
  }
  resolveRestContentType(defaultContentType, inputSchema) {
    const members = inputSchema.getMemberSchemas();
    const httpPayloadMember = Object.values(members).find((m) => {
      return !!m.getMergedTraits().httpPayload;
    });
    if (httpPayloadMember) {
      const mediaType = httpPayloadMember.getMergedTraits().mediaType;
      if (mediaType) {
        return mediaType;
      } else if (httpPayloadMember.isStringSchema()) {
        return "text/plain";
      } else if (httpPayloadMember.isBlobSchema()) {
        return "application/octet-stream";
      } else {
        return defaultContentType;
      }
    } else if (!inputSchema.isUnitSchema()) {
      const hasBody = Object.values(members).find((m) => {
        const { httpQuery, httpQueryParams, httpHeader, httpLabel, httpPrefixHeaders } = m.getMergedTraits();
        const noPrefixHeaders = httpPrefixHeaders === void 0;
        return !httpQuery && !httpQueryParams && !httpHeader && !httpLabel && noPrefixHeaders;
      });
      if (hasBody) {
        return defaultContentType;
      }
    }
  }
  async getErrorSchemaOrThrowBaseException(errorIdentifier, defaultNamespace, response, dataObject, metadata, getErrorSchema) {
    let errorName = errorIdentifier;
    if (errorIdentifier.includes("#")) {
      [, errorName] = errorIdentifier.split("#");
    }
    const errorMetadata = {
      $metadata: metadata,
      $fault: response.statusCode < 500 ? "client" : "server"
    };
    if (!this.errorRegistry) {
      throw new Error("@aws-sdk/core/protocols - error handler not initialized.");
    }
    try {
      const errorSchema = getErrorSchema?.(this.errorRegistry, errorName) ?? this.errorRegistry.getSchema(errorIdentifier);
      return { errorSchema, errorMetadata };
    } catch (e) {
      dataObject.message = dataObject.message ?? dataObject.Message ?? "UnknownError";
      const synthetic = this.errorRegistry;
      const baseExceptionSchema = synthetic.getBaseException();
      if (baseExceptionSchema) {
        const ErrorCtor = synthetic.getErrorCtor(baseExceptionSchema) ?? Error;
        throw this.decorateServiceException(Object.assign(new ErrorCtor({ name: errorName }), errorMetadata), dataObject);
      }
      const d = dataObject;
      const message = d?.message ?? d?.Message ?? d?.Error?.Message ?? d?.Error?.message;
      throw this.decorateServiceException(Object.assign(new Error(message), {
        name: errorName
      }, errorMetadata), dataObject);
    }
  }
  compose(composite, errorIdentifier, defaultNamespace) {
    let namespace = defaultNamespace;
    if (errorIdentifier.includes("#")) {
      [namespace] = errorIdentifier.split("#");
    }
    const staticRegistry = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .TypeRegistry */ .OF.for(namespace);
    const defaultSyntheticRegistry = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .TypeRegistry */ .OF.for("smithy.ts.sdk.synthetic." + defaultNamespace);
    composite.copyFrom(staticRegistry);
    composite.copyFrom(defaultSyntheticRegistry);
    this.errorRegistry = composite;
  }
  decorateServiceException(exception, additions = {}) {
    if (this.queryCompat) {
      const msg = exception.Message ?? additions.Message;
      const error = (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .decorateServiceException */ .Mw)(exception, additions);
      if (msg) {
        error.message = msg;
      }
      const errorObj = error.Error ?? {};
      errorObj.Type = error.Error?.Type;
      errorObj.Code = error.Error?.Code;
      errorObj.Message = error.Error?.message ?? error.Error?.Message ?? msg;
      error.Error = errorObj;
      const reqId = error.$metadata.requestId;
      if (reqId) {
        error.RequestId = reqId;
      }
      return error;
    }
    return (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .decorateServiceException */ .Mw)(exception, additions);
  }
  setQueryCompatError(output, response) {
    const queryErrorHeader = response.headers?.["x-amzn-query-error"];
    if (output !== void 0 && queryErrorHeader != null) {
      const [Code, Type] = queryErrorHeader.split(";");
      const keys = Object.keys(output);
      const Error2 = {
        Code,
        Type
      };
      output.Code = Code;
      output.Type = Type;
      for (let i = 0; i < keys.length; i++) {
        const k = keys[i];
        Error2[k === "message" ? "Message" : k] = output[k];
      }
      delete Error2.__type;
      output.Error = Error2;
    }
  }
  queryCompatOutput(queryCompatErrorData, errorData) {
    if (queryCompatErrorData.Error) {
      errorData.Error = queryCompatErrorData.Error;
    }
    if (queryCompatErrorData.Type) {
      errorData.Type = queryCompatErrorData.Type;
    }
    if (queryCompatErrorData.Code) {
      errorData.Code = queryCompatErrorData.Code;
    }
  }
  findQueryCompatibleError(registry, errorName) {
    try {
      return registry.getSchema(errorName);
    } catch (e) {
      return registry.find((schema) => _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(schema).getMergedTraits().awsQueryError?.[0] === errorName);
    }
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/json/AwsJsonRpcProtocol.js
var AwsJsonRpcProtocol = class extends _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .RpcProtocol */ .Mp {
  serializer;
  deserializer;
  serviceTarget;
  codec;
  mixin;
  awsQueryCompatible;
  constructor({ defaultNamespace, errorTypeRegistries, serviceTarget, awsQueryCompatible, jsonCodec }) {
    super({
      defaultNamespace,
      errorTypeRegistries
    });
    this.serviceTarget = serviceTarget;
    this.codec = jsonCodec ?? new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .JsonCodec2 */ .pl({
      timestampFormat: {
        useTrait: true,
        default: 7
      },
      jsonName: false
    });
    this.serializer = this.codec.createSerializer();
    this.deserializer = this.codec.createDeserializer();
    this.awsQueryCompatible = !!awsQueryCompatible;
    this.mixin = new ProtocolLib(this.awsQueryCompatible);
  }
  async serializeRequest(operationSchema, input, context) {
    const request = await super.serializeRequest(operationSchema, input, context);
    if (!request.path.endsWith("/")) {
      request.path += "/";
    }
    request.headers["content-type"] = `application/x-amz-json-${this.getJsonRpcVersion()}`;
    request.headers["x-amz-target"] = `${this.serviceTarget}.${operationSchema.name}`;
    if (this.awsQueryCompatible) {
      request.headers["x-amzn-query-mode"] = "true";
    }
    if ((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .deref */ .LA)(operationSchema.input) === "unit" || !request.body) {
      request.body = "{}";
    }
    return request;
  }
  getPayloadCodec() {
    return this.codec;
  }
  async handleError(operationSchema, context, response, dataObject, metadata) {
    const { awsQueryCompatible } = this;
    if (awsQueryCompatible) {
      this.mixin.setQueryCompatError(dataObject, response);
    }
    const errorIdentifier = (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .loadJsonRpcErrorCode */ .rh)(response, dataObject, awsQueryCompatible) ?? "Unknown";
    this.mixin.compose(this.compositeErrorRegistry, errorIdentifier, this.options.defaultNamespace);
    const { errorSchema, errorMetadata } = await this.mixin.getErrorSchemaOrThrowBaseException(errorIdentifier, this.options.defaultNamespace, response, dataObject, metadata, awsQueryCompatible ? this.mixin.findQueryCompatibleError : void 0);
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(errorSchema);
    const message = dataObject.message ?? dataObject.Message ?? "UnknownError";
    const ErrorCtor = this.compositeErrorRegistry.getErrorCtor(errorSchema) ?? Error;
    const exception = new ErrorCtor({});
    const output = {};
    const errorDeserializer = this.codec.createDeserializer();
    for (const [name, member] of ns.structIterator()) {
      if (dataObject[name] != null) {
        output[name] = errorDeserializer.readObject(member, dataObject[name]);
      }
    }
    if (awsQueryCompatible) {
      this.mixin.queryCompatOutput(dataObject, output);
    }
    throw this.mixin.decorateServiceException(Object.assign(exception, errorMetadata, {
      $fault: ns.getMergedTraits().error,
      message
    }, output), dataObject);
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/json/AwsJson1_0Protocol.js
var AwsJson1_0Protocol = class extends AwsJsonRpcProtocol {
  constructor({ defaultNamespace, errorTypeRegistries, serviceTarget, awsQueryCompatible, jsonCodec }) {
    super({
      defaultNamespace,
      errorTypeRegistries,
      serviceTarget,
      awsQueryCompatible,
      jsonCodec
    });
  }
  getShapeId() {
    return "aws.protocols#awsJson1_0";
  }
  getJsonRpcVersion() {
    return "1.0";
  }
  getDefaultContentType() {
    return "application/x-amz-json-1.0";
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/json/AwsJson1_1Protocol.js
var AwsJson1_1Protocol = class extends AwsJsonRpcProtocol {
  constructor({ defaultNamespace, errorTypeRegistries, serviceTarget, awsQueryCompatible, jsonCodec }) {
    super({
      defaultNamespace,
      errorTypeRegistries,
      serviceTarget,
      awsQueryCompatible,
      jsonCodec
    });
  }
  getShapeId() {
    return "aws.protocols#awsJson1_1";
  }
  getJsonRpcVersion() {
    return "1.1";
  }
  getDefaultContentType() {
    return "application/x-amz-json-1.1";
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/json/AwsRestJsonProtocol.js
var AwsRestJsonProtocol = class extends _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .HttpBindingProtocol */ .sM {
  serializer;
  deserializer;
  codec;
  mixin = new ProtocolLib();
  constructor({ defaultNamespace, errorTypeRegistries, jsonCodec }) {
    super({
      defaultNamespace,
      errorTypeRegistries
    });
    const settings = {
      timestampFormat: {
        useTrait: true,
        default: 7
      },
      httpBindings: true,
      jsonName: true
    };
    this.codec = jsonCodec ?? new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .JsonCodec2 */ .pl(settings);
    this.serializer = new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .HttpInterceptingShapeSerializer */ ._2(this.codec.createSerializer(), settings);
    this.deserializer = new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .HttpInterceptingShapeDeserializer */ .zS(this.codec.createDeserializer(), settings);
  }
  getShapeId() {
    return "aws.protocols#restJson1";
  }
  getPayloadCodec() {
    return this.codec;
  }
  setSerdeContext(serdeContext) {
    this.codec.setSerdeContext(serdeContext);
    super.setSerdeContext(serdeContext);
  }
  async serializeRequest(operationSchema, input, context) {
    const request = await super.serializeRequest(operationSchema, input, context);
    const inputSchema = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(operationSchema.input);
    if (!request.headers["content-type"]) {
      const contentType = this.mixin.resolveRestContentType(this.getDefaultContentType(), inputSchema);
      if (contentType) {
        request.headers["content-type"] = contentType;
      }
    }
    if (request.body == null && request.headers["content-type"] === this.getDefaultContentType()) {
      request.body = "{}";
    }
    return request;
  }
  async deserializeResponse(operationSchema, context, response) {
    const output = await super.deserializeResponse(operationSchema, context, response);
    const outputSchema = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(operationSchema.output);
    for (const [name, member] of outputSchema.structIterator()) {
      if (member.getMemberTraits().httpPayload && !(name in output)) {
        output[name] = null;
      }
    }
    return output;
  }
  async handleError(operationSchema, context, response, dataObject, metadata) {
    const errorIdentifier = (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .loadRestJsonErrorCode */ .cJ)(response, dataObject) ?? "Unknown";
    this.mixin.compose(this.compositeErrorRegistry, errorIdentifier, this.options.defaultNamespace);
    const { errorSchema, errorMetadata } = await this.mixin.getErrorSchemaOrThrowBaseException(errorIdentifier, this.options.defaultNamespace, response, dataObject, metadata);
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(errorSchema);
    const message = dataObject.message ?? dataObject.Message ?? "UnknownError";
    const ErrorCtor = this.compositeErrorRegistry.getErrorCtor(errorSchema) ?? Error;
    const exception = new ErrorCtor({});
    await this.deserializeHttpMessage(errorSchema, context, response, dataObject);
    const output = {};
    const errorDeserializer = this.codec.createDeserializer();
    for (const [name, member] of ns.structIterator()) {
      const target = member.getMergedTraits().jsonName ?? name;
      output[name] = errorDeserializer.readObject(member, dataObject[target]);
    }
    throw this.mixin.decorateServiceException(Object.assign(exception, errorMetadata, {
      $fault: ns.getMergedTraits().error,
      message
    }, output), dataObject);
  }
  getDefaultContentType() {
    return "application/json";
  }
};

// node_modules/@aws-sdk/xml-builder/dist-es/xml-parser.js
function writeKey2(obj) {
  Object.defineProperty(obj, "__proto__", { value: void 0, writable: true, enumerable: true, configurable: true });
}
function parseXML(xml) {
  const state = new AwsXmlParser(xml);
  return state.parse();
}
var AwsXmlParser = class _AwsXmlParser {
  x;
  i = 0;
  z;
  constructor(x) {
    this.x = x;
    this.x = x.replace(/\r\n?/g, "\n");
    this.z = this.x.length;
  }
  parse() {
    const p = this;
    const { z } = p;
    while (p.i < z) {
      p.trim();
      if (p.i >= z) {
        break;
      }
      if (p.isNext("<?")) {
        p.readTo("?>");
        p.trim();
      } else if (p.isNext("<!--")) {
        p.readTo("-->");
        p.trim();
      } else if (p.isNext("<!DOCTYPE", false)) {
        p.skipDoctype();
        p.trim();
      } else if (p.x[p.i] === "<") {
        const root = p.parseTag();
        return { [root.tag]: root.value };
      } else {
        throw new Error("@aws-sdk XML parse error: unexpected content.");
      }
    }
    throw new Error("@aws-sdk XML parse error: no root element.");
  }
  isNext(s, caseSensitive = true) {
    const p = this;
    if (caseSensitive) {
      return p.x.startsWith(s, p.i);
    }
    return p.x.toLowerCase().startsWith(s.toLowerCase(), p.i);
  }
  readTo(stop) {
    const p = this;
    const _i = p.x.indexOf(stop, p.i);
    if (_i === -1) {
      throw new Error(`@aws-sdk XML parse error: expected "${stop}" not found.`);
    }
    const result = p.x.slice(p.i, _i);
    p.i = _i + stop.length;
    return result;
  }
  trim() {
    const p = this;
    while (p.i < p.z && " 	\r\n".includes(p.x[p.i])) {
      ++p.i;
    }
  }
  readAttrValue() {
    const p = this;
    const quote = p.x[p.i];
    ++p.i;
    let value = "";
    while (p.i < p.z && p.x[p.i] !== quote) {
      value += p.x[p.i++];
    }
    ++p.i;
    return p.decodeEntities(value);
  }
  parseTag() {
    const p = this;
    ++p.i;
    let tag = "";
    while (p.i < p.z && !" 	\r\n>/".includes(p.x[p.i])) {
      tag += p.x[p.i++];
    }
    let hasAttrs = false;
    const attrs = {};
    while (p.i < p.z) {
      p.trim();
      if (">/".includes(p.x[p.i])) {
        break;
      }
      let name = "";
      while (p.i < p.z && !"= 	\r\n>/?".includes(p.x[p.i])) {
        name += p.x[p.i++];
      }
      p.trim();
      if (p.x[p.i] !== "=") {
        break;
      }
      ++p.i;
      p.trim();
      if (name === "__proto__") {
        writeKey2(attrs);
      }
      attrs[name] = p.readAttrValue();
      hasAttrs = true;
    }
    if (p.i >= p.z) {
      throw new Error("@aws-sdk XML parse error: unexpected end of input.");
    }
    if (p.x[p.i] === "/") {
      ++p.i;
      if (p.i >= p.z || p.x[p.i] !== ">") {
        throw new Error("@aws-sdk XML parse error: expected > at the end of self-closing tag.");
      }
      ++p.i;
      return { tag, value: hasAttrs ? attrs : "" };
    }
    if (p.x[p.i] !== ">") {
      throw new Error("@aws-sdk XML parse error: expected > at the end of opening tag.");
    }
    ++p.i;
    const textParts = [];
    const childTags = [];
    let hasElementChild = false;
    while (p.i < p.z) {
      if (p.isNext("</")) {
        break;
      }
      if (p.x[p.i] === "<") {
        if (p.isNext("<!--")) {
          p.readTo("-->");
        } else if (p.isNext("<![CDATA[")) {
          p.i += 9;
          textParts.push(p.readTo("]]>"));
        } else if (p.isNext("<?")) {
          p.readTo("?>");
        } else {
          hasElementChild = true;
          childTags.push(p.parseTag());
        }
      } else {
        let text = "";
        while (p.i < p.z && p.x[p.i] !== "<") {
          text += p.x[p.i++];
        }
        textParts.push(p.decodeEntities(text));
      }
    }
    if (!p.isNext("</")) {
      throw new Error(`@aws-sdk XML parse error: missing closing tag </${tag}>.`);
    }
    p.i += 2;
    const closeTag = p.readTo(">").trim();
    if (closeTag !== tag) {
      throw new Error(`@aws-sdk XML parse error: mismatched tags <${tag}> and </${closeTag}>.`);
    }
    if (!hasAttrs && textParts.length === 0 && !hasElementChild) {
      return { tag, value: "" };
    }
    if (!hasAttrs && !hasElementChild) {
      const text = textParts.length === 1 ? textParts[0] : textParts.join("");
      if (text.trim() === "" && text.includes("\n")) {
        return { tag, value: "" };
      }
      return { tag, value: text };
    }
    const obj = {};
    for (const text of textParts) {
      if (text.trim() === "" && text.includes("\n")) {
        continue;
      }
      obj["#text"] = "#text" in obj ? obj["#text"] + text : text;
    }
    for (const child of childTags) {
      if (child.tag === "__proto__") {
        writeKey2(obj);
      }
      if (child.tag in obj) {
        if (Array.isArray(obj[child.tag])) {
          obj[child.tag].push(child.value);
        } else {
          obj[child.tag] = [obj[child.tag], child.value];
        }
      } else {
        obj[child.tag] = child.value;
      }
    }
    for (const [k, v] of Object.entries(attrs)) {
      if (k === "__proto__") {
        writeKey2(obj);
      }
      obj[k] = v;
    }
    return { tag, value: obj };
  }
  static ENTITIES = {
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'"
  };
  skipDoctype() {
    const p = this;
    p.i += 9;
    let depth = 0;
    while (p.i < p.z) {
      const c = p.x[p.i];
      if (c === "[") {
        ++depth;
      } else if (c === "]") {
        --depth;
      } else if (c === ">" && depth === 0) {
        ++p.i;
        return;
      }
      ++p.i;
    }
    throw new Error("@aws-sdk XML parse error: unclosed DOCTYPE.");
  }
  decodeEntities(s) {
    return s.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-zA-Z][a-zA-Z0-9]{0,30}));/g, (_, hex, dec, named) => {
      if (hex) {
        return String.fromCharCode(parseInt(hex, 16));
      }
      if (dec) {
        return String.fromCharCode(parseInt(dec, 10));
      }
      return _AwsXmlParser.ENTITIES[named] ?? "";
    });
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/ConfigurableSerdeContext.js
var SerdeContextConfig = class {
  serdeContext;
  setSerdeContext(serdeContext) {
    this.serdeContext = serdeContext;
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/UnionSerde.js
var UnionSerde = class {
  from;
  to;
  keys;
  constructor(from, to) {
    this.from = from;
    this.to = to;
    const keys = Object.keys(this.from);
    const set = new Set(keys);
    set.delete("__type");
    this.keys = set;
  }
  mark(key) {
    this.keys.delete(key);
  }
  hasUnknown() {
    return this.keys.size === 1 && Object.keys(this.to).length === 0;
  }
  writeUnknown() {
    if (this.hasUnknown()) {
      const k = this.keys.values().next().value;
      const v = this.from[k];
      this.to.$unknown = [k, v];
    }
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/writeKey.js
function writeKey3(obj) {
  Object.defineProperty(obj, "__proto__", { value: void 0, writable: true, enumerable: true, configurable: true });
}

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/xml/XmlShapeDeserializer.js
var XmlShapeDeserializer = class extends SerdeContextConfig {
  settings;
  stringDeserializer;
  constructor(settings) {
    super();
    this.settings = settings;
    this.stringDeserializer = new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .FromStringShapeDeserializer */ .k(settings);
  }
  setSerdeContext(serdeContext) {
    this.serdeContext = serdeContext;
    this.stringDeserializer.setSerdeContext(serdeContext);
  }
  read(schema, bytes, key) {
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(schema);
    const memberSchemas = ns.getMemberSchemas();
    const isEventPayload = ns.isStructSchema() && ns.isMemberSchema() && !!Object.values(memberSchemas).find((memberNs) => {
      return !!memberNs.getMemberTraits().eventPayload;
    });
    if (isEventPayload) {
      const output = {};
      const memberName = Object.keys(memberSchemas)[0];
      const eventMemberSchema = memberSchemas[memberName];
      if (eventMemberSchema.isBlobSchema()) {
        output[memberName] = bytes;
      } else {
        output[memberName] = this.read(memberSchemas[memberName], bytes);
      }
      return output;
    }
    const xmlString = (this.serdeContext?.utf8Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toUtf8 */ .Pq)(bytes);
    const parsedObject = this.parseXml(xmlString);
    return this.readSchema(schema, key ? parsedObject[key] : parsedObject);
  }
  readSchema(_schema, value) {
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(_schema);
    if (ns.isUnitSchema()) {
      return;
    }
    const traits = ns.getMergedTraits();
    if (ns.isListSchema() && !Array.isArray(value)) {
      return this.readSchema(ns, [value]);
    }
    if (value == null) {
      return value;
    }
    if (typeof value === "object") {
      const flat = !!traits.xmlFlattened;
      if (ns.isListSchema()) {
        const listValue = ns.getValueSchema();
        const buffer2 = [];
        const sourceKey = listValue.getMergedTraits().xmlName ?? "member";
        const source = flat ? value : (value[0] ?? value)[sourceKey];
        if (source == null) {
          return buffer2;
        }
        const sourceArray = Array.isArray(source) ? source : [source];
        for (const v of sourceArray) {
          buffer2.push(this.readSchema(listValue, v));
        }
        return buffer2;
      }
      const buffer = {};
      if (ns.isMapSchema()) {
        const keyNs = ns.getKeySchema();
        const memberNs = ns.getValueSchema();
        let entries;
        if (flat) {
          entries = Array.isArray(value) ? value : [value];
        } else {
          entries = Array.isArray(value.entry) ? value.entry : [value.entry];
        }
        const keyProperty = keyNs.getMergedTraits().xmlName ?? "key";
        const valueProperty = memberNs.getMergedTraits().xmlName ?? "value";
        for (const entry of entries) {
          const key = entry[keyProperty];
          const value2 = entry[valueProperty];
          if (key === "__proto__") {
            writeKey3(buffer);
          }
          buffer[key] = this.readSchema(memberNs, value2);
        }
        return buffer;
      }
      if (ns.isStructSchema()) {
        const union = ns.isUnionSchema();
        let unionSerde;
        if (union) {
          unionSerde = new UnionSerde(value, buffer);
        }
        for (const [memberName, memberSchema] of ns.structIterator()) {
          const memberTraits = memberSchema.getMergedTraits();
          const xmlObjectKey = !memberTraits.httpPayload ? memberSchema.getMemberTraits().xmlName ?? memberName : memberTraits.xmlName ?? memberSchema.getName();
          if (union) {
            unionSerde.mark(xmlObjectKey);
          }
          if (value[xmlObjectKey] != null) {
            buffer[memberName] = this.readSchema(memberSchema, value[xmlObjectKey]);
          }
        }
        if (union) {
          unionSerde.writeUnknown();
        }
        return buffer;
      }
      if (ns.isDocumentSchema()) {
        return value;
      }
      throw new Error(`@aws-sdk/core/protocols - xml deserializer unhandled schema type for ${ns.getName(true)}`);
    }
    if (ns.isListSchema()) {
      return [];
    }
    if (ns.isMapSchema() || ns.isStructSchema()) {
      return {};
    }
    return this.stringDeserializer.read(ns, value);
  }
  parseXml(xml) {
    if (xml.length) {
      let parsedObj;
      try {
        parsedObj = parseXML(xml);
      } catch (e) {
        if (e && typeof e === "object") {
          Object.defineProperty(e, "$responseBodyText", {
            value: xml
          });
        }
        throw e;
      }
      const textNodeName = "#text";
      const key = Object.keys(parsedObj)[0];
      const parsedObjToReturn = parsedObj[key];
      if (parsedObjToReturn[textNodeName]) {
        parsedObjToReturn[key] = parsedObjToReturn[textNodeName];
        delete parsedObjToReturn[textNodeName];
      }
      return (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .getValueFromTextNode */ .rm)(parsedObjToReturn);
    }
    return {};
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/query/QueryShapeSerializer.js
var QueryShapeSerializer = class extends SerdeContextConfig {
  settings;
  buffer;
  constructor(settings) {
    super();
    this.settings = settings;
  }
  write(schema, value, prefix = "") {
    if (this.buffer === void 0) {
      this.buffer = "";
    }
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(schema);
    if (prefix && !prefix.endsWith(".")) {
      prefix += ".";
    }
    if (ns.isBlobSchema()) {
      if (typeof value === "string" || value instanceof Uint8Array) {
        this.writeKey(prefix);
        this.writeValue((this.serdeContext?.base64Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .toBase64 */ .nk)(value));
      }
    } else if (ns.isBooleanSchema() || ns.isNumericSchema() || ns.isStringSchema()) {
      if (value != null) {
        this.writeKey(prefix);
        this.writeValue(String(value));
      } else if (ns.isIdempotencyToken()) {
        this.writeKey(prefix);
        this.writeValue((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .generateIdempotencyToken */ .ec)());
      }
    } else if (ns.isBigIntegerSchema()) {
      if (value != null) {
        this.writeKey(prefix);
        this.writeValue(String(value));
      }
    } else if (ns.isBigDecimalSchema()) {
      if (value != null) {
        this.writeKey(prefix);
        this.writeValue(value instanceof _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NumericValue */ .Dv ? value.string : String(value));
      }
    } else if (ns.isTimestampSchema()) {
      if (value instanceof Date) {
        this.writeKey(prefix);
        const format = (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .determineTimestampFormat */ .Vm)(ns, this.settings);
        switch (format) {
          case 5:
            this.writeValue(value.toISOString().replace(".000Z", "Z"));
            break;
          case 6:
            this.writeValue((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .dateToUtcString */ .JV)(value));
            break;
          case 7:
            this.writeValue(String(value.getTime() / 1e3));
            break;
        }
      }
    } else if (ns.isDocumentSchema()) {
      if (Array.isArray(value)) {
        this.write(64 | 15, value, prefix);
      } else if (value instanceof Date) {
        this.write(4, value, prefix);
      } else if (value instanceof Uint8Array) {
        this.write(21, value, prefix);
      } else if (value && typeof value === "object") {
        this.write(128 | 15, value, prefix);
      } else {
        this.writeKey(prefix);
        this.writeValue(String(value));
      }
    } else if (ns.isListSchema()) {
      if (Array.isArray(value)) {
        if (value.length === 0) {
          if (this.settings.serializeEmptyLists) {
            this.writeKey(prefix);
            this.writeValue("");
          }
        } else {
          const member = ns.getValueSchema();
          const flat = this.settings.flattenLists || ns.getMergedTraits().xmlFlattened;
          let i = 1;
          for (const item of value) {
            if (item == null) {
              continue;
            }
            const traits = member.getMergedTraits();
            const suffix = this.getKey("member", traits.xmlName, traits.ec2QueryName);
            const key = flat ? `${prefix}${i}` : `${prefix}${suffix}.${i}`;
            this.write(member, item, key);
            ++i;
          }
        }
      }
    } else if (ns.isMapSchema()) {
      if (value && typeof value === "object") {
        const keySchema = ns.getKeySchema();
        const memberSchema = ns.getValueSchema();
        const flat = ns.getMergedTraits().xmlFlattened;
        let i = 1;
        for (const k in value) {
          const v = value[k];
          if (v == null) {
            continue;
          }
          const keyTraits = keySchema.getMergedTraits();
          const keySuffix = this.getKey("key", keyTraits.xmlName, keyTraits.ec2QueryName);
          const key = flat ? `${prefix}${i}.${keySuffix}` : `${prefix}entry.${i}.${keySuffix}`;
          const valTraits = memberSchema.getMergedTraits();
          const valueSuffix = this.getKey("value", valTraits.xmlName, valTraits.ec2QueryName);
          const valueKey = flat ? `${prefix}${i}.${valueSuffix}` : `${prefix}entry.${i}.${valueSuffix}`;
          this.write(keySchema, k, key);
          this.write(memberSchema, v, valueKey);
          ++i;
        }
      }
    } else if (ns.isStructSchema()) {
      if (value && typeof value === "object") {
        let didWriteMember = false;
        for (const [memberName, member] of ns.structIterator()) {
          if (value[memberName] == null && !member.isIdempotencyToken()) {
            continue;
          }
          const traits = member.getMergedTraits();
          const suffix = this.getKey(memberName, traits.xmlName, traits.ec2QueryName, "struct");
          const key = `${prefix}${suffix}`;
          this.write(member, value[memberName], key);
          didWriteMember = true;
        }
        if (!didWriteMember && ns.isUnionSchema()) {
          const { $unknown } = value;
          if (Array.isArray($unknown)) {
            const [k, v] = $unknown;
            const key = `${prefix}${k}`;
            this.write(15, v, key);
          }
        }
      }
    } else if (ns.isUnitSchema()) {
    } else {
      throw new Error(`@aws-sdk/core/protocols - QuerySerializer unrecognized schema type ${ns.getName(true)}`);
    }
  }
  flush() {
    if (this.buffer === void 0) {
      throw new Error("@aws-sdk/core/protocols - QuerySerializer cannot flush with nothing written to buffer.");
    }
    const str = this.buffer;
    delete this.buffer;
    return str;
  }
  getKey(memberName, xmlName, ec2QueryName, keySource) {
    const { ec2, capitalizeKeys } = this.settings;
    if (ec2 && ec2QueryName) {
      return ec2QueryName;
    }
    const key = xmlName ?? memberName;
    if (capitalizeKeys && keySource === "struct") {
      return key[0].toUpperCase() + key.slice(1);
    }
    return key;
  }
  writeKey(key) {
    if (key.endsWith(".")) {
      key = key.slice(0, key.length - 1);
    }
    this.buffer += `&${(0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .extendedEncodeURIComponent */ .$6)(key)}=`;
  }
  writeValue(value) {
    this.buffer += (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .extendedEncodeURIComponent */ .$6)(value);
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/protocols/query/AwsQueryProtocol.js
var AwsQueryProtocol = class extends _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .RpcProtocol */ .Mp {
  options;
  serializer;
  deserializer;
  mixin = new ProtocolLib();
  constructor(options) {
    super({
      defaultNamespace: options.defaultNamespace,
      errorTypeRegistries: options.errorTypeRegistries
    });
    this.options = options;
    const settings = {
      timestampFormat: {
        useTrait: true,
        default: 5
      },
      httpBindings: false,
      xmlNamespace: options.xmlNamespace,
      serviceNamespace: options.defaultNamespace,
      serializeEmptyLists: true
    };
    this.serializer = new QueryShapeSerializer(settings);
    this.deserializer = new XmlShapeDeserializer(settings);
  }
  getShapeId() {
    return "aws.protocols#awsQuery";
  }
  setSerdeContext(serdeContext) {
    this.serializer.setSerdeContext(serdeContext);
    this.deserializer.setSerdeContext(serdeContext);
  }
  getPayloadCodec() {
    throw new Error("AWSQuery protocol has no payload codec.");
  }
  async serializeRequest(operationSchema, input, context) {
    const request = await super.serializeRequest(operationSchema, input, context);
    if (!request.path.endsWith("/")) {
      request.path += "/";
    }
    request.headers["content-type"] = "application/x-www-form-urlencoded";
    if ((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .deref */ .LA)(operationSchema.input) === "unit" || !request.body) {
      request.body = "";
    }
    const action = operationSchema.name.split("#")[1] ?? operationSchema.name;
    request.body = `Action=${action}&Version=${this.options.version}` + request.body;
    if (request.body.endsWith("&")) {
      request.body = request.body.slice(-1);
    }
    return request;
  }
  async deserializeResponse(operationSchema, context, response) {
    const deserializer = this.deserializer;
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(operationSchema.output);
    const dataObject = {};
    if (response.statusCode >= 300) {
      const bytes2 = await (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .collectBody */ .Px)(response.body, context);
      if (bytes2.byteLength > 0) {
        Object.assign(dataObject, await deserializer.read(15, bytes2));
      }
      await this.handleError(operationSchema, context, response, dataObject, this.deserializeMetadata(response));
    }
    for (const header in response.headers) {
      const value = response.headers[header];
      delete response.headers[header];
      response.headers[header.toLowerCase()] = value;
    }
    const shortName = operationSchema.name.split("#")[1] ?? operationSchema.name;
    const awsQueryResultKey = ns.isStructSchema() && this.useNestedResult() ? shortName + "Result" : void 0;
    const bytes = await (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .collectBody */ .Px)(response.body, context);
    if (bytes.byteLength > 0) {
      Object.assign(dataObject, await deserializer.read(ns, bytes, awsQueryResultKey));
    }
    dataObject.$metadata = this.deserializeMetadata(response);
    return dataObject;
  }
  useNestedResult() {
    return true;
  }
  async handleError(operationSchema, context, response, dataObject, metadata) {
    const errorIdentifier = this.loadQueryErrorCode(response, dataObject) ?? "Unknown";
    this.mixin.compose(this.compositeErrorRegistry, errorIdentifier, this.options.defaultNamespace);
    const errorData = this.loadQueryError(dataObject) ?? {};
    const message = this.loadQueryErrorMessage(dataObject);
    errorData.message = message;
    errorData.Error = {
      Type: errorData.Type,
      Code: errorData.Code,
      Message: message
    };
    const { errorSchema, errorMetadata } = await this.mixin.getErrorSchemaOrThrowBaseException(errorIdentifier, this.options.defaultNamespace, response, errorData, metadata, this.mixin.findQueryCompatibleError);
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_2__/* .NormalizedSchema */ .l1.of(errorSchema);
    const ErrorCtor = this.compositeErrorRegistry.getErrorCtor(errorSchema) ?? Error;
    const exception = new ErrorCtor({});
    const output = {
      Type: errorData.Error.Type,
      Code: errorData.Error.Code,
      Error: errorData.Error
    };
    for (const [name, member] of ns.structIterator()) {
      const target = member.getMergedTraits().xmlName ?? name;
      const value = errorData[target] ?? dataObject[target];
      output[name] = this.deserializer.readSchema(member, value);
    }
    throw this.mixin.decorateServiceException(Object.assign(exception, errorMetadata, {
      $fault: ns.getMergedTraits().error,
      message
    }, output), dataObject);
  }
  loadQueryErrorCode(output, data) {
    const code = (data.Errors?.[0]?.Error ?? data.Errors?.Error ?? data.Error)?.Code;
    if (code !== void 0) {
      return code;
    }
    if (output.statusCode == 404) {
      return "NotFound";
    }
  }
  loadQueryError(data) {
    return data.Errors?.[0]?.Error ?? data.Errors?.Error ?? data.Error;
  }
  loadQueryErrorMessage(data) {
    const errorData = this.loadQueryError(data);
    return errorData?.message ?? errorData?.Message ?? data.message ?? data.Message ?? "Unknown";
  }
  getDefaultContentType() {
    return "application/x-www-form-urlencoded";
  }
};




/***/ }),

/***/ 1222:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   T: () => (/* binding */ Sha256Node),
/* harmony export */   k: () => (/* binding */ Crc32Node)
/* harmony export */ });
/* harmony import */ var _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(3981);
/* harmony import */ var node_zlib__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(8522);
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_2__ = __nccwpck_require__(7598);


// node_modules/@smithy/core/dist-es/submodules/checksum/crc32/Crc32Node.js


// node_modules/@smithy/core/dist-es/submodules/checksum/crc32/Crc32Js.js
var CRC32_TABLE = new Uint32Array(256);
for (let i = 0; i < 256; ++i) {
  let c = i;
  for (let j = 0; j < 8; ++j) {
    c = c & 1 ? 3988292384 ^ c >>> 1 : c >>> 1;
  }
  CRC32_TABLE[i] = c >>> 0;
}
var ONES = 4294967295;
var Crc32Js = class {
  digestLength = 4;
  checksum = ONES;
  update(data) {
    for (let i = 0; i < data.length; ++i) {
      this.checksum = this.checksum >>> 8 ^ CRC32_TABLE[(this.checksum ^ data[i]) & 255];
    }
  }
  digestSync() {
    return (this.checksum ^ ONES) >>> 0;
  }
  async digest() {
    const value = this.digestSync();
    const out = new Uint8Array(4);
    new DataView(out.buffer).setUint32(0, value, false);
    return out;
  }
  reset() {
    this.checksum = ONES;
  }
};

// node_modules/@smithy/core/dist-es/submodules/checksum/crc32/Crc32Node.js
var zlibCrc32 = typeof node_zlib__WEBPACK_IMPORTED_MODULE_1__.crc32 === "function" ? node_zlib__WEBPACK_IMPORTED_MODULE_1__.crc32 : void 0;
var Crc32Node = zlibCrc32 ? buildNativeClass(zlibCrc32) : Crc32Js;
function buildNativeClass(nativeCrc32) {
  return class Crc32Node {
    digestLength = 4;
    value = 0;
    update(data) {
      this.value = nativeCrc32(data, this.value);
    }
    digestSync() {
      return this.value >>> 0;
    }
    async digest() {
      const out = new Uint8Array(4);
      new DataView(out.buffer).setUint32(0, this.digestSync(), false);
      return out;
    }
    reset() {
      this.value = 0;
    }
  };
}

// node_modules/@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js.js
var BLOCK = 64;
var DIGEST_LENGTH = 32;
var MAX_HASHABLE_LENGTH = 2 ** 53 - 1;
var Sha256Js = class _Sha256Js {
  digestLength = DIGEST_LENGTH;
  state = Int32Array.from(INIT);
  w;
  buffer = new Uint8Array(64);
  bufferLength = 0;
  bytesHashed = 0;
  finished = false;
  inner;
  outer;
  constructor(secret) {
    if (secret) {
      const key = _Sha256Js.normalizeKey(secret);
      this.inner = new _Sha256Js();
      this.outer = new _Sha256Js();
      const { inner, outer } = this;
      const pad = new Uint8Array(BLOCK * 2);
      for (let i = 0; i < BLOCK; ++i) {
        pad[i] = 54 ^ key[i];
        pad[i + BLOCK] = 92 ^ key[i];
      }
      inner.update(pad.subarray(0, BLOCK));
      outer.update(pad.subarray(BLOCK));
    }
  }
  update(data) {
    if (this.finished) {
      throw new Error("Attempted to update an already finished HMAC.");
    }
    if (this.inner) {
      this.inner.update(data);
      return;
    }
    const chunk = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUint8Array */ .Fo)(data);
    let position = 0;
    let { byteLength } = chunk;
    this.bytesHashed += byteLength;
    if (this.bytesHashed * 8 > MAX_HASHABLE_LENGTH) {
      throw new Error("Cannot hash more than 2^53 - 1 bits");
    }
    while (byteLength > 0) {
      this.buffer[this.bufferLength++] = chunk[position++];
      byteLength--;
      if (this.bufferLength === BLOCK) {
        this.hashBuffer();
        this.bufferLength = 0;
      }
    }
  }
  async digest() {
    const { inner, outer } = this;
    if (inner && outer) {
      if (this.finished) {
        throw new Error("Attempted to digest an already finished HMAC.");
      }
      this.finished = true;
      const innerDigest = inner.digestSync();
      outer.update(innerDigest);
      return outer.digestSync();
    }
    return this.digestSync();
  }
  reset() {
    this.state = Int32Array.from(INIT);
    this.buffer = new Uint8Array(64);
    this.bufferLength = 0;
    this.bytesHashed = 0;
  }
  digestSync() {
    const state = this.state.slice();
    const buffer = this.buffer.slice();
    let bufferLength = this.bufferLength;
    const bitsHashed = this.bytesHashed * 8;
    const bufferView = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    bufferView.setUint8(bufferLength++, 128);
    if ((bufferLength - 1) % BLOCK >= BLOCK - 8) {
      for (let i = bufferLength; i < BLOCK; ++i) {
        bufferView.setUint8(i, 0);
      }
      this.hashBufferWith(state, buffer);
      bufferLength = 0;
    }
    for (let i = bufferLength; i < BLOCK - 8; ++i) {
      bufferView.setUint8(i, 0);
    }
    bufferView.setUint32(BLOCK - 8, Math.floor(bitsHashed / 4294967296), false);
    bufferView.setUint32(BLOCK - 4, bitsHashed, false);
    this.hashBufferWith(state, buffer);
    const out = new Uint8Array(DIGEST_LENGTH);
    for (let i = 0; i < 8; ++i) {
      out[i * 4] = state[i] >>> 24 & 255;
      out[i * 4 + 1] = state[i] >>> 16 & 255;
      out[i * 4 + 2] = state[i] >>> 8 & 255;
      out[i * 4 + 3] = state[i] >>> 0 & 255;
    }
    return out;
  }
  static normalizeKey(secret) {
    const key = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUint8Array */ .Fo)(secret);
    if (key.byteLength > BLOCK) {
      const h = new _Sha256Js();
      h.update(key);
      const out = h.digestSync();
      const padded = new Uint8Array(BLOCK);
      padded.set(out);
      return padded;
    }
    if (key.byteLength < BLOCK) {
      const padded = new Uint8Array(BLOCK);
      padded.set(key);
      return padded;
    }
    return key;
  }
  hashBuffer() {
    this.hashBufferWith(this.state, this.buffer);
  }
  hashBufferWith(state, buffer) {
    const w = this.w ??= new Int32Array(64);
    let s0 = state[0], s1 = state[1], s2 = state[2], s3 = state[3], s4 = state[4], s5 = state[5], s6 = state[6], s7 = state[7];
    for (let i = 0; i < BLOCK; ++i) {
      if (i < 16) {
        w[i] = (buffer[i * 4] & 255) << 24 | (buffer[i * 4 + 1] & 255) << 16 | (buffer[i * 4 + 2] & 255) << 8 | buffer[i * 4 + 3] & 255;
      } else {
        let u = w[i - 2];
        const t12 = (u >>> 17 | u << 15) ^ (u >>> 19 | u << 13) ^ u >>> 10;
        u = w[i - 15];
        const t22 = (u >>> 7 | u << 25) ^ (u >>> 18 | u << 14) ^ u >>> 3;
        w[i] = (t12 + w[i - 7] | 0) + (t22 + w[i - 16] | 0);
      }
      const t1 = (((s4 >>> 6 | s4 << 26) ^ (s4 >>> 11 | s4 << 21) ^ (s4 >>> 25 | s4 << 7)) + (s4 & s5 ^ ~s4 & s6) | 0) + (s7 + (K[i] + w[i] | 0) | 0) | 0;
      const t2 = ((s0 >>> 2 | s0 << 30) ^ (s0 >>> 13 | s0 << 19) ^ (s0 >>> 22 | s0 << 10)) + (s0 & s1 ^ s0 & s2 ^ s1 & s2) | 0;
      s7 = s6;
      s6 = s5;
      s5 = s4;
      s4 = s3 + t1 | 0;
      s3 = s2;
      s2 = s1;
      s1 = s0;
      s0 = t1 + t2 | 0;
    }
    state[0] += s0;
    state[1] += s1;
    state[2] += s2;
    state[3] += s3;
    state[4] += s4;
    state[5] += s5;
    state[6] += s6;
    state[7] += s7;
  }
};
var INIT = new Int32Array([
  1779033703,
  3144134277,
  1013904242,
  2773480762,
  1359893119,
  2600822924,
  528734635,
  1541459225
]);
var K = new Int32Array([
  1116352408,
  1899447441,
  3049323471,
  3921009573,
  961987163,
  1508970993,
  2453635748,
  2870763221,
  3624381080,
  310598401,
  607225278,
  1426881987,
  1925078388,
  2162078206,
  2614888103,
  3248222580,
  3835390401,
  4022224774,
  264347078,
  604807628,
  770255983,
  1249150122,
  1555081692,
  1996064986,
  2554220882,
  2821834349,
  2952996808,
  3210313671,
  3336571891,
  3584528711,
  113926993,
  338241895,
  666307205,
  773529912,
  1294757372,
  1396182291,
  1695183700,
  1986661051,
  2177026350,
  2456956037,
  2730485921,
  2820302411,
  3259730800,
  3345764771,
  3516065817,
  3600352804,
  4094571909,
  275423344,
  430227734,
  506948616,
  659060556,
  883997877,
  958139571,
  1322822218,
  1537002063,
  1747873779,
  1955562222,
  2024104815,
  2227730452,
  2361852424,
  2428436474,
  2756734187,
  3204031479,
  3329325298
]);

// node_modules/@smithy/core/dist-es/submodules/checksum/sha256/Sha256Node.js

var hasNativeCrypto = (() => {
  try {
    (0,node_crypto__WEBPACK_IMPORTED_MODULE_2__.createHash)("sha256");
    return true;
  } catch {
    return false;
  }
})();
var Sha256Node = hasNativeCrypto ? buildNativeClass2() : Sha256Js;
function buildNativeClass2() {
  return class Sha256Node {
    digestLength = 32;
    secret;
    hash;
    isHmac;
    finished = false;
    constructor(secret) {
      this.secret = secret;
      this.isHmac = !!secret;
      this.hash = this.createHash();
    }
    update(data) {
      if (this.finished) {
        throw new Error("Attempted to update an already finished hash.");
      }
      this.hash.update(data);
    }
    async digest() {
      let buf;
      if (this.isHmac) {
        this.finished = true;
        buf = this.hash.digest();
      } else {
        buf = this.hash.copy().digest();
      }
      return new Uint8Array(buf.buffer, buf.byteOffset, buf.byteLength);
    }
    reset() {
      this.hash = this.createHash();
      this.finished = false;
    }
    createHash() {
      return this.secret ? (0,node_crypto__WEBPACK_IMPORTED_MODULE_2__.createHmac)("sha256", toBuffer(this.secret)) : (0,node_crypto__WEBPACK_IMPORTED_MODULE_2__.createHash)("sha256");
    }
  };
}
function toBuffer(data) {
  if (typeof data === "string") {
    return data;
  }
  if (ArrayBuffer.isView(data)) {
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }
  return Buffer.from(data);
}




/***/ }),

/***/ 1654:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   $A: () => (/* binding */ suggestInput),
/* harmony export */   AH: () => (/* binding */ linesNeededBy),
/* harmony export */   BB: () => (/* binding */ requireProtection),
/* harmony export */   BU: () => (/* binding */ partOf),
/* harmony export */   B_: () => (/* binding */ stepsOf),
/* harmony export */   CA: () => (/* binding */ errorCode),
/* harmony export */   EK: () => (/* binding */ isOneOf),
/* harmony export */   Ey: () => (/* binding */ describeStep),
/* harmony export */   Fr: () => (/* binding */ renderPlanDocument),
/* harmony export */   Gw: () => (/* binding */ gitHubRunner),
/* harmony export */   I1: () => (/* binding */ declarations),
/* harmony export */   Is: () => (/* binding */ errorName),
/* harmony export */   Jr: () => (/* binding */ isAllowed),
/* harmony export */   LK: () => (/* binding */ refuseStep),
/* harmony export */   N$: () => (/* binding */ describeSteps),
/* harmony export */   Nk: () => (/* binding */ metadataOf),
/* harmony export */   Oy: () => (/* binding */ isDisruptive),
/* harmony export */   PC: () => (/* binding */ givenInputs),
/* harmony export */   QT: () => (/* binding */ logGroup),
/* harmony export */   RK: () => (/* binding */ reviewable),
/* harmony export */   Uc: () => (/* binding */ describeError),
/* harmony export */   WL: () => (/* binding */ createRequest),
/* harmony export */   cY: () => (/* binding */ declaredWait),
/* harmony export */   cd: () => (/* binding */ commandRunner),
/* harmony export */   dw: () => (/* binding */ findUnknownInputs),
/* harmony export */   eC: () => (/* binding */ settingChanges),
/* harmony export */   es: () => (/* binding */ secretInOutputs),
/* harmony export */   gJ: () => (/* binding */ errorMessage),
/* harmony export */   gP: () => (/* binding */ nameStep),
/* harmony export */   jY: () => (/* binding */ secretInput),
/* harmony export */   kZ: () => (/* binding */ describeSettingChange),
/* harmony export */   nG: () => (/* binding */ httpStatus),
/* harmony export */   oK: () => (/* binding */ noticeUnneededLines),
/* harmony export */   qG: () => (/* binding */ digestReviewed),
/* harmony export */   qc: () => (/* binding */ explainJoinedLines),
/* harmony export */   rV: () => (/* binding */ usualDuration),
/* harmony export */   rk: () => (/* binding */ readPlanDocument),
/* harmony export */   u7: () => (/* binding */ isErrorLike),
/* harmony export */   uX: () => (/* binding */ propertyValues),
/* harmony export */   vj: () => (/* binding */ inputNames),
/* harmony export */   vn: () => (/* binding */ explainLiteralForm),
/* harmony export */   vr: () => (/* binding */ renderError),
/* harmony export */   w0: () => (/* binding */ digestPlan),
/* harmony export */   x8: () => (/* binding */ isGitHubJob),
/* harmony export */   y2: () => (/* binding */ disruptionNames)
/* harmony export */ });
/* harmony import */ var _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(8746);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(1455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_2__ = __nccwpck_require__(6760);
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_3__ = __nccwpck_require__(7598);


// lib/src/run/variables.js
function isGitHubJob({ GITHUB_ACTIONS }) {
  return GITHUB_ACTIONS === "true";
}

// lib/src/github/files.js



// lib/src/errors/thrown.js
function errorName(thrown) {
  return isErrorLike(thrown) ? thrown.name : "";
}
function errorMessage(thrown) {
  return isErrorLike(thrown) ? thrown.message : String(thrown);
}
function errorCode(thrown) {
  return isErrorLike(thrown) && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}
function httpStatus(error) {
  const own = isErrorLike(error) && "status" in error ? error.status : 0;
  const { httpStatusCode = own } = metadataOf(error);
  return typeof httpStatusCode === "number" ? httpStatusCode : 0;
}
function metadataOf(error) {
  if (typeof error !== "object" || error === null || !("$metadata" in error))
    return {};
  return typeof error.$metadata === "object" && error.$metadata !== null ? error.$metadata : {};
}
function isErrorLike(thrown) {
  return typeof thrown === "object" && thrown !== null && "name" in thrown && typeof thrown.name === "string" && "message" in thrown && typeof thrown.message === "string";
}

// lib/src/github/files.js
var largestFile = 1024 * 1024;
async function readGivenFile(environment, path) {
  const { workspace, name } = workspaceOf(environment);
  return await readFileIn([workspace, environment.RUNNER_TEMP], path, {
    place: `${name} and RUNNER_TEMP`,
    remedy: `Give the path of a file in ${name} or in RUNNER_TEMP that holds the output plan.`
  });
}
async function readDefinitionFile(environment, path) {
  const { workspace, name, origin } = workspaceOf(environment);
  return await readFileIn([workspace], path, {
    place: name,
    remedy: `Give the path of a YAML or JSON file in ${name}${origin}.`
  });
}
function workspaceOf({ GITHUB_WORKSPACE: workspace }) {
  if (!workspace)
    return { workspace: ".", name: "the current folder", origin: "" };
  return { workspace, name: "the workspace", origin: "; actions/checkout puts the repository there" };
}
async function readFileIn(candidates, path, { place, remedy }) {
  const folders = await existing(candidates);
  try {
    const file = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.realpath)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.resolve)(folders[0] ?? ".", path));
    if (!folders.some((folder) => file.startsWith(`${folder}${node_path__WEBPACK_IMPORTED_MODULE_2__.sep}`))) {
      throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`The file "${path}" is outside ${place}.`, remedy);
    }
    const found = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.stat)(file);
    if (!found.isFile())
      throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`"${path}" is not a file.`, remedy);
    if (found.size > largestFile) {
      throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`The file "${path}" has ${found.size} bytes, more than ${largestFile}.`, remedy);
    }
    return decodeUtf8(await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.readFile)(file));
  } catch (error) {
    if (error instanceof _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By)
      throw error;
    const code = errorCode(error);
    if (code !== "ERR_ENCODING_INVALID_ENCODED_DATA") {
      throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`The file "${path}" cannot be read: ${code || errorMessage(error)}.`, remedy);
    }
    throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`The file "${path}" is not in UTF-8.`, "Save it as UTF-8. Windows PowerShell writes UTF-16 by default: use Out-File -Encoding utf8.");
  }
}
async function writeTemporaryFile(variables, name, content) {
  const { RUNNER_TEMP } = variables;
  if (!RUNNER_TEMP) {
    if (!isGitHubJob(variables))
      return void 0;
    throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By("RUNNER_TEMP is not set.", "Set RUNNER_TEMP to a folder that this step can write to.");
  }
  const path = (0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.mkdtemp)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(RUNNER_TEMP, "tenant-tables-")), name);
  await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.writeFile)(path, content, { mode: 384 });
  return path;
}
async function readEventFile({ GITHUB_EVENT_PATH: path = "" }) {
  try {
    return JSON.parse(decodeUtf8(await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.readFile)(path)));
  } catch (cause) {
    const remedy = "Set GITHUB_EVENT_PATH to the file that the runner wrote for this job.";
    throw new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`The event file "${path}" cannot be read.`, remedy, { cause });
  }
}
function decodeUtf8(bytes) {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
async function existing(folders) {
  const found = folders.map((folder) => folder ? (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.realpath)(folder).catch(() => void 0) : void 0);
  return (await Promise.all(found)).filter((folder) => folder !== void 0);
}

// lib/src/github/log.js
function escapeLine(line) {
  return (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .visible */ .RK)(line).replaceAll("##[", "# #[").replace(/^(\s*):(?=:)/, "$1: ");
}
var colours = { success: 32, attention: 33, failure: 31 };
function paint(line, tone) {
  return tone === void 0 ? line : `\x1B[${colours[tone]}m${line}\x1B[0m`;
}
function hasColours(variables, isTerminal) {
  const { NO_COLOR, FORCE_COLOR } = variables;
  if (NO_COLOR)
    return false;
  return FORCE_COLOR ? FORCE_COLOR !== "0" : isTerminal || isGitHubJob(variables);
}
function logGroup(log, title, lines3) {
  log.startGroup(title);
  for (const line of lines3)
    if (line !== "")
      log.info(line);
  log.endGroup();
}
var longestAnnotation = 4096;
function cutAnnotation([first = "", ...more]) {
  const rest = cut(more.map((line) => `
${line}`).join(""), longestAnnotation * 3 / 4);
  return cut(first, longestAnnotation - rest.length) + rest;
}
function cut(text2, most) {
  return text2.length > most ? `${text2.slice(0, most - 1)}\u2026` : text2;
}

// lib/src/github/redaction.js
var shortestSecret = 8;
var KnownSecrets = class {
  /** The origin of each form of a secret. */
  #origins = /* @__PURE__ */ new Map();
  /** @param origin the name of the secret for messages, such as `AWS_SECRET_ACCESS_KEY` */
  add(secret, origin) {
    for (const form of formsOf(secret))
      if (!this.#origins.has(form))
        this.#origins.set(form, origin);
  }
  /** The origin of a secret that the text holds; undefined if it holds none. */
  findOrigin(text2) {
    return this.#find(text2)[0]?.origin;
  }
  /** Writes `***` for every secret, and leaves the rest of the text as it is. */
  redact(text2) {
    let redacted = "";
    let end = 0;
    for (const occurrence of this.#find(text2)) {
      if (occurrence.start >= end)
        redacted += `${text2.slice(end, occurrence.start)}***`;
      end = Math.max(end, occurrence.end);
    }
    return redacted + text2.slice(end);
  }
  /** Sorted by start. */
  #find(text2) {
    const occurrences = text2.includes("%") ? encodedOccurrences : plainOccurrences;
    return [...this.#origins].flatMap(([form, origin]) => occurrences(text2, form).map((span) => ({ ...span, origin }))).sort((left, right) => left.start - right.start);
  }
};
function plainOccurrences(text2, form) {
  const spans = [];
  for (let start = text2.indexOf(form); start !== -1; start = text2.indexOf(form, start + 1)) {
    spans.push({ start, end: start + form.length });
  }
  return spans;
}
function encodedOccurrences(text2, form) {
  return [...text2.matchAll(patternOf(form))].map(({ index, 0: found }) => ({ start: index, end: index + found.length }));
}
function patternOf(form) {
  const characters = [...form].map((character) => {
    const escapes = [...Buffer.from(character)].map((byte) => `%(?:25)*${hexadecimal(byte)}`);
    return `(?:${escapes.join("")}|${character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&")})`;
  });
  return new RegExp(characters.join(""), "gu");
}
function hexadecimal(byte) {
  const digits = byte.toString(16).padStart(2, "0");
  return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
function secretInOutputs(found) {
  const secrets = [...new Set(found.map(({ origin }) => origin))].join(", ");
  const outputs = found.map(({ output }) => output).join(", ");
  return new _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By(`The secret ${secrets} occurs in what later steps would read: ${outputs}.`, "Choose another value for the secret, or remove it from the table names, tags and environment. A real secret in a tag or a name is known to everyone who can read the account: replace it.");
}
function formsOf(secret) {
  if (Buffer.byteLength(secret) < shortestSecret)
    return [];
  const encoded = [0, 1, 2].map((offset) => base64At(secret, offset));
  const forUrls = encoded.map((text2) => text2.replaceAll("+", "-").replaceAll("/", "_"));
  return [secret, ...encoded, ...forUrls].filter((form) => form.length >= shortestSecret);
}
function base64At(secret, offset) {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  return bytes.toString("base64").slice(Math.ceil(offset * 8 / 6), Math.floor(bytes.length * 8 / 6));
}

// lib/src/github/runner.js
var secretInput = "github-token";
function gitHubRunner(process) {
  const { env, stdout } = process;
  const isColoured = hasColours(env, stdout.isTTY);
  return createRunner(process, env, isColoured, (core) => isGitHubJob(env) ? core : withoutCommands(core, isColoured, env.GITHUB_OUTPUT));
}
function commandRunner(process, variables) {
  const isColoured = hasColours(variables, process.stderr.isTTY);
  return createRunner(process, variables, isColoured, (core) => withTwoStreams(core, isColoured, variables.GITHUB_OUTPUT, process));
}
function createRunner(process, variables, isColoured, adapt) {
  const secrets = new KnownSecrets();
  const masked = /* @__PURE__ */ new Set();
  const toolkit = lateToolkit(adapt);
  const clean = (line) => escapeLine(secrets.redact(line));
  const annotate = (level) => (title, message) => {
    const cleaned = cutAnnotation(message.split("\n").map(clean));
    toolkit.use((core) => core[level](cleaned, { title }));
  };
  const assertHoldsNoSecret = (what, text2) => {
    const origin = secrets.findOrigin(text2);
    if (origin !== void 0)
      throw secretInOutputs([{ output: what, origin }]);
  };
  for (const name of ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) {
    secrets.add(variables[name] ?? "", name);
  }
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", () => void 0);
  return {
    variables,
    load: async () => void await toolkit.load(),
    input: (name) => {
      const value = variables[`INPUT_${name.toUpperCase()}`]?.trim() ?? "";
      if (name === secretInput)
        secrets.add(value, name);
      return value;
    },
    mask: (secret, origin) => {
      if (secret === "" || masked.has(secret))
        return;
      masked.add(secret);
      secrets.add(secret, origin);
      toolkit.use((core) => core.setSecret(secret));
    },
    log: {
      info: (line, tone) => toolkit.use((core) => core.info(paint(clean(line), isColoured ? tone : void 0))),
      startGroup: (title) => toolkit.use((core) => core.startGroup(clean(title))),
      endGroup: () => toolkit.use((core) => core.endGroup())
    },
    notice: annotate("notice"),
    warning: annotate("warning"),
    fail: (title, message) => {
      process.exitCode = 1;
      annotate("error")(title, message);
    },
    setOutput: (name, value) => {
      assertHoldsNoSecret(`output ${name}`, value);
      toolkit.use((core) => core.setOutput(name, value));
    },
    writeSummary: async (markdown) => {
      if (variables.GITHUB_STEP_SUMMARY)
        await (await toolkit.load()).summary.addRaw(secrets.redact(markdown)).write();
    },
    readFile: (path) => readGivenFile(variables, path),
    readDefinitionFile: (path) => readDefinitionFile(variables, path),
    writeTemporaryFile: async (name, content) => {
      assertHoldsNoSecret(`file ${name}`, content);
      return await writeTemporaryFile(variables, name, content);
    },
    readEvent: () => readEventFile(variables),
    redact: (text2) => secrets.redact(text2),
    findSecret: (text2) => secrets.findOrigin(text2),
    interrupted: interruptionOf(process)
  };
}
function interruptionOf(process) {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"])
    process.on(signal, () => interruption.abort());
  return interruption.signal;
}
function lateToolkit(adapt) {
  let toolkit;
  let waiting = [];
  return {
    load: async () => {
      toolkit = adapt(await Promise.resolve(/* import() eager */).then(__nccwpck_require__.bind(__nccwpck_require__, 8167)));
      for (const call of waiting)
        call(toolkit);
      waiting = [];
      return toolkit;
    },
    use: (call) => {
      if (toolkit === void 0)
        waiting.push(call);
      else
        call(toolkit);
    }
  };
}
function withoutCommands(core, isColoured, outputFile) {
  const colour = (line, tone) => core.info(paint(line, isColoured ? tone : void 0));
  return {
    ...core,
    setSecret: () => void 0,
    startGroup: (title) => core.info(title),
    endGroup: () => void 0,
    notice: (message) => core.info(`Notice: ${message}`),
    warning: (message) => colour(`Warning: ${message}`, "attention"),
    error: (message) => colour(`Error: ${message}`, "failure"),
    setOutput: (name, value) => outputFile ? core.setOutput(name, value) : core.info(escapeLine(`${name}=${value}`))
  };
}
var longestShown = 120;
function withTwoStreams(core, isColoured, outputFile, { stdout, stderr }) {
  const log = (line) => void stderr.write(`${line}
`);
  return {
    ...withoutCommands({ ...core, info: log }, isColoured, void 0),
    setOutput: (name, value) => {
      core.info(escapeLine(`${name}=${stdout.isTTY ? (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .shorten */ .ml)(value, longestShown) : value}`));
      if (outputFile)
        core.setOutput(name, value);
    }
  };
}

// lib/src/errors/description.js
function describeError(thrown) {
  const causes = [];
  for (let cause = causeOf(thrown); cause !== void 0; cause = causeOf(cause))
    causes.push(nameAndMessage(cause));
  const ours = thrown instanceof _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .RemedyError */ .By || thrown instanceof _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .InvalidInputsError */ .Xt ? thrown : {};
  const { message = nameAndMessage(thrown), problems = [], remedy, facts = [], statements = [] } = ours;
  return { message, problems, remedy, facts, statements, causes };
}
function renderError(thrown) {
  const { message, problems, remedy, facts, statements, causes } = describeError(thrown);
  return [
    message,
    ...problems.map((problem) => `- ${problem}`),
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...remedy === void 0 ? [] : [`To fix: ${remedy}`],
    ...statements.map((statement) => `The statement to add: ${statement}`),
    ...causes.map((cause) => `Caused by: ${cause}`)
  ].join("\n");
}
function causeOf(thrown) {
  return isErrorLike(thrown) ? thrown.cause : void 0;
}
function nameAndMessage(thrown) {
  if (!isErrorLike(thrown)) {
    return typeof thrown === "string" ? thrown : `A value that is not an error was thrown: ${typeof thrown}`;
  }
  if (thrown.name === "Unknown" && httpStatus(thrown) > 0) {
    return `Unknown: a response with status ${httpStatus(thrown)} that is not in the format of AWS`;
  }
  const code = errorCode(thrown);
  const name = thrown.name === "Error" && code !== "" ? code : thrown.name;
  return thrown.message === "" ? code || name : `${name}: ${thrown.message}`;
}

// lib/src/plan/document.js


// lib/src/table/values.js
function propertyValues(values) {
  return _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .properties */ .qo.flatMap((property) => {
    const value = values[property.name];
    return value === void 0 ? [] : [{ property, value }];
  });
}
function createRequest({ name: TableName }, values) {
  const inputs = propertyValues(values).map(({ property: { creation }, value }) => creation.kind === "in-create-table" ? creation.input(value) : {});
  const types = inputs.flatMap(({ AttributeDefinitions: AttributeDefinitions2 = [] }) => AttributeDefinitions2);
  const AttributeDefinitions = [...new Map(types.map((type) => [type.AttributeName, type])).values()];
  return { operation: "CreateTable", input: Object.assign({ TableName }, ...inputs, { AttributeDefinitions }) };
}

// lib/src/plan/description.js
function settingChanges(step) {
  switch (step.kind) {
    case "create":
      return propertyValues(step.to).flatMap(({ property, value }) => property.settings(value).map(({ value: to, ...setting }) => ({ ...setting, to })));
    case "update": {
      const { settings } = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .propertyNamed */ .vJ)(step.property);
      const before = new Map(settings(step.from).map((setting) => [nameSetting(setting), setting]));
      const after = new Map(settings(step.to).map((setting) => [nameSetting(setting), setting]));
      return [...new Map([...before, ...after])].map(([key, { value: _, ...setting }]) => {
        const from = before.get(key)?.value;
        return { ...setting, ...from === void 0 ? {} : { from }, to: after.get(key)?.value ?? "deleted" };
      });
    }
    case "delete":
      return [{ name: "table", from: "present, with its items", to: "deleted" }];
  }
}
function describeStep(step) {
  return `${nameStep(step)}: ${settingChanges(step).map(describeSettingChange).join(", ")}`;
}
function describeSettingChange({ from, to, ...setting }) {
  const name = nameSetting(setting);
  return from === void 0 ? `${name} = ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .shorten */ .ml)(to)}` : `${name} ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .shorten */ .ml)(from)} -> ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .shorten */ .ml)(to)}`;
}
function nameSetting({ group, name }) {
  return group === void 0 ? name : `${group} ${name}`;
}
function nameStep(step) {
  if (step.kind !== "update")
    return `${step.kind} "${step.table}"`;
  return ["update", step.property, partOf(step), `of "${step.table}"`].filter(Boolean).join(" ");
}
function partOf(step) {
  return (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .propertyNamed */ .vJ)(step.property).part?.(step);
}
var mostSteps = 10;
function describeSteps(steps) {
  const more = steps.length - mostSteps;
  const shown = steps.slice(0, mostSteps).map(describeStep).join("; ");
  return more > 0 ? `${shown}; and ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .count */ .U9)(more, "more step")}` : shown;
}
function usualDuration(step) {
  return step.kind === "update" && step.risk === "slow" ? declaredWait(step)?.usual : void 0;
}
function declaredWait(step) {
  return (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .propertyNamed */ .vJ)(step.property).waits?.find(({ appliesTo }) => appliesTo === void 0 || appliesTo(step));
}

// lib/src/plan/plan.js
var refusalCodes = [
  "table-unavailable",
  "impossible-change",
  "destroy-in-production",
  "destroy-of-other-environment",
  "destroy-of-untagged",
  "destroy-of-other-key",
  "destroy-of-protected",
  "destroy-of-replicated",
  "not-as-reviewed"
];
var noticeCodes = [
  "adopted",
  "protection-kept",
  "consequence",
  "index-building",
  "replica-unavailable",
  "being-deleted",
  "system-backup-stays",
  "unneeded-allow"
];
function stepsOf(plan, table) {
  return plan.steps.filter((step) => step.table === table);
}
function isOneOf(steps) {
  const known = new Set(steps.map(canonicalJson));
  return (step) => known.has(canonicalJson(step));
}
function canonicalJson(value) {
  if (Array.isArray(value))
    return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null)
    return JSON.stringify(value);
  const present = Object.entries(value).filter(([, member]) => member !== void 0);
  const members = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .sortBy */ .Ul)(present, ([name]) => name).map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

// lib/src/plan/policy.js
var allDisruptions = _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .properties */ .qo.flatMap(({ disruptions = [] }) => disruptions);
var disruptionNames = allDisruptions.map(({ name }) => name);
function linesNeededBy(step) {
  return step.kind === "update" && typeof step.risk === "object" ? step.risk.allow : [];
}
function isDisruptive(step) {
  return step.kind === "delete" || linesNeededBy(step).length > 0;
}
function isAllowed(step, { allow }) {
  return linesNeededBy(step).every((line) => allow.includes(line));
}
function refuseStep(step, { allow }, { target, comparison, changes }) {
  if (step.kind !== "update")
    return [];
  const { name, disruptions = [] } = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .propertyNamed */ .vJ)(step.property);
  const observed = comparison.observed[name];
  const situation = { target, table: step.table, observed, changes, change: step, comparison };
  return disruptions.filter((disruption) => linesNeededBy(step).includes(disruption.name) && !allow.includes(disruption.name)).map((disruption) => {
    const { reason, remedy } = disruption.explain(situation);
    return { table: step.table, code: disruption.name, reason, remedy: `${remedy} ${lineToAdd(disruption)}` };
  });
}
function lineToAdd({ name, purpose }) {
  return `Or, ${purpose}, add this line to allow: ${name}`;
}
function requireProtection({ environment }, { name: table, properties: declared }, observed, { allow }) {
  const lacking = propertyValues(declared).flatMap(({ property: { name, protection }, value }) => {
    if (!environment.production || protection === void 0 || protection.isOn(value))
      return [];
    const before = observed?.properties[name];
    return before !== void 0 && protection.isOn(before) ? [] : [{ ...protection, property: name }];
  });
  return {
    lines: lacking.map(({ removal }) => removal),
    refusals: lacking.filter(({ removal }) => !allow.includes(removal)).map(({ property, input, removal }) => ({
      table,
      code: removal,
      reason: `${input} is to be off, but "${environment.name}" is a production environment, where "${table}" must have it on.`,
      remedy: `Turn it on: ${property} in the definition file, or the input ${input} without one. ${lineToAdd({ name: removal, purpose: "to leave it off" })}`
    }))
  };
}
function noticeUnneededLines({ allow }, needed) {
  return allow.filter((line) => !needed.includes(line)).map((line) => {
    const found = `allow has the line ${line}, but nothing in this plan needs it.`;
    const { condition } = allDisruptions.find(({ name }) => name === line) ?? {};
    const remedy = "Remove the line: it would permit the next such change without a decision.";
    return { level: "notice", code: "unneeded-allow", message: [found, condition, remedy].filter(Boolean).join(" ") };
  });
}

// lib/src/plan/document.js
var formatVersion = 3;
var text = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .minLength */ .Bp)(1));
var tableName = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .regex */ .yG)(_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .namePattern */ ._u));
var lines = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .picklist */ .KI)(disruptionNames));
var described = { table: tableName, description: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("The step in words.")) };
var createStep = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
  kind: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)("create"),
  ...described,
  to: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)(Object.fromEntries(_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .properties */ .qo.flatMap(({ name, schema, creation }) => creation.kind === "in-create-table" ? [[name, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)(schema)]] : []))), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("The values that CreateTable sends.")),
  risk: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)("safe")
});
var risk = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .union */ .KC)([(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .picklist */ .KI)(["safe", "slow"]), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({ allow: lines })]);
var updateSteps = _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .properties */ .qo.filter(({ request }) => request !== void 0).map(({ name, schema }) => (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
  kind: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)("update"),
  ...described,
  property: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)(name),
  from: schema,
  to: schema,
  risk
}));
var deleteStep = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({ kind: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)("delete"), ...described, risk: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)("destructive") });
var optionalTable = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(tableName, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("Absent where it is about the whole plan.")));
var planSchema = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
  formatVersion: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .literal */ .eu)(formatVersion),
  digest: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .regex */ .yG)(/^[0-9a-f]{64}$/), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("SHA-256 over the target, the tables, the steps and the refusals: the output plan-digest.")),
  target: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
    account: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .regex */ .yG)(/^[0-9]{12}$/)),
    partition: text,
    region: text,
    environment: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({ name: text, production: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zM)() })
  }),
  policy: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
    destroy: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .boolean */ .zM)(), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("Whether the run deletes the tables.")),
    allow: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(lines, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("The disruptive changes that the run may make."))
  }),
  tables: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
    logicalName: text,
    name: tableName,
    arn: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(text, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("For a table that is absent, the ARN that it will have.")),
    id: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)(text, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("DynamoDB's TableId."))),
    streamArn: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .optional */ .lq)(text),
    status: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .picklist */ .KI)(["absent", "ready", "unavailable"]),
    unmanaged: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({ path: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(), value: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)() })), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("Settings that the definition does not mention."))
  })),
  steps: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .variant */ .Ox)("kind", [createStep, (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .variant */ .Ox)("property", updateSteps), deleteStep])), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("In the order in which they are performed. Tables are worked on side by side.")),
  refusals: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .pipe */ .Fs)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
    table: optionalTable,
    code: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .picklist */ .KI)([...refusalCodes, ...disruptionNames]),
    reason: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)(),
    remedy: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)()
  })), (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .description */ .h_)("One refusal means that nothing is written.")),
  notices: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .array */ .YO)((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .strictObject */ .re)({
    table: optionalTable,
    level: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .picklist */ .KI)(["notice", "warning"]),
    code: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .picklist */ .KI)(noticeCodes),
    message: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .string */ .Yj)()
  }))
});
function renderPlanDocument(plan) {
  const { target, policy, tables, steps, refusals, notices } = plan;
  return JSON.stringify({
    formatVersion,
    digest: digestPlan(plan),
    target,
    policy,
    tables,
    steps: steps.map(documentStep),
    refusals,
    notices
  });
}
function documentStep(step) {
  const description2 = describeStep(step);
  switch (step.kind) {
    case "create":
      return { ...step, risk: "safe", description: description2 };
    case "update":
      return { ...step, description: description2 };
    case "delete":
      return { ...step, risk: "destructive", description: description2 };
  }
}
function reviewable(plan) {
  return reviewed({ ...plan, steps: plan.steps.map(documentStep) });
}
function reviewed(plan) {
  const { target, policy, tables, steps, refusals } = plan;
  const { account, partition, region, environment } = target;
  return {
    account,
    partition,
    region,
    environment: environment.name,
    production: environment.production,
    destroy: policy.destroy,
    tables: tables.map(({ name, id }) => ({ name, id })),
    steps: steps.map(({ description: description2, ...step }) => ({
      kind: step.kind,
      table: step.table,
      canonical: canonicalJson(step),
      description: description2
    })),
    // The comparison with a reviewed plan is no part of the plan that is compared.
    refusals: refusals.filter(({ code }) => code !== "not-as-reviewed").map(({ code, table = "" }) => `${code} ${table}`)
  };
}
function digestPlan(plan) {
  return digestReviewed(reviewable(plan));
}
function digestReviewed({ steps, ...plan }) {
  const content = canonicalJson({ ...plan, steps: steps.map((step) => step.canonical) });
  return (0,node_crypto__WEBPACK_IMPORTED_MODULE_3__.createHash)("sha256").update(content).digest("hex");
}
function isFallback(given) {
  return given === "{}" || given === "no-plan";
}
var emptyOutput = "the plan job's output is empty; GitHub drops outputs that contain a masked value, such as an account id. Keep the account id out of the secrets, or hand over the file that plan-file names as an artifact; and check that this job needs the plan job, and that it was not skipped";
function readPlanDocument(json) {
  let document;
  try {
    document = JSON.parse(json);
  } catch {
    return "is not JSON";
  }
  if (typeof document !== "object" || document === null || Array.isArray(document))
    return "is not a JSON object";
  if (Object.keys(document).length === 0)
    return `is {}: ${emptyOutput}`;
  const found = "formatVersion" in document ? document.formatVersion : void 0;
  if (found !== formatVersion) {
    const shown = typeof found === "number" ? found : typeof found;
    return `has the formatVersion ${shown}, but this version of the action reads ${formatVersion}: make the plan again`;
  }
  const { success, issues, output } = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .safeParse */ .xL)(planSchema, document);
  if (!success) {
    const problems = issues.slice(0, 3).map(describeProblem);
    return `does not have the form of docs/schemas/plan.schema.json: ${problems.join("; ")}`;
  }
  if (output.refusals.length > 0) {
    return `was refused, for ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .count */ .U9)(output.refusals.length, "reason")}: a refused plan is never performed`;
  }
  const steps = output.steps.map((step) => ({ ...step, description: (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .shorten */ .ml)(step.description) }));
  const plan = reviewed({ ...output, steps });
  return output.digest === digestReviewed(plan) ? plan : "was changed since it was made: its digest does not match";
}
function describeProblem(issue) {
  const path = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .getDotPath */ .Bu)(issue)?.split(".") ?? [];
  const place = (names) => names.join(".") || "the plan";
  if (issue.expected === "never")
    return `${place(path.slice(0, -1))} has an unknown member`;
  if (issue.received === "undefined")
    return `${place(path)} is missing`;
  return `${place(path)} must be ${issue.expected ?? issue.message}`;
}

// lib/src/inputs/parsers.js
function choice(choices, byDefault) {
  return {
    default: byDefault,
    choices,
    parse: (text2, { report }) => {
      const found = choices.find((each) => each === text2);
      if (found === void 0)
        report(`must be one of ${choices.join(", ")}, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}.`);
      return found ?? byDefault;
    }
  };
}
function trueOrFalse(byDefault = "false") {
  const { parse } = choice(["true", "false"], byDefault);
  return { default: byDefault, isSwitch: true, parse: (text2, context) => parse(text2, context) === "true" };
}
function wholeNumber({ default: byDefault, min, max }) {
  return {
    default: `${byDefault}`,
    parse: (text2, { report }) => {
      const number = /^\d{1,9}$/.test(text2) ? Number(text2) : Number.NaN;
      if (!(number >= min && number <= max)) {
        report(`must be a whole number from ${min} to ${max}, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}.`);
      }
      return number;
    }
  };
}
function textOf(pattern, must, { isSecret = false } = {}) {
  return {
    default: "",
    parse: (text2, { report }) => {
      if (text2 !== "" && !pattern.test(text2))
        report(isSecret ? `${must}.` : `${must}, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}.`);
      return text2;
    }
  };
}
function lines2(rule) {
  return { default: "", hasLines: true, parse: (text2, context) => parseEach(splitLines(text2), rule, context) };
}
function list(rule) {
  const split = (text2) => splitLines(text2.replaceAll(",", "\n"));
  return { default: "", hasLines: true, parse: (text2, context) => parseEach(split(text2), rule, context) };
}
function parseEach(values, { must, parse }, { name, report }) {
  return values.flatMap((value) => {
    const parsed = parse(value);
    if (parsed === void 0)
      report(`${must}, but has ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(value)}.${explainJoinedLines(name, [value])}`);
    return parsed ?? [];
  });
}
function splitLines(text2) {
  return text2.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
function explainJoinedLines(name, values) {
  return values.some((value) => /\S[\s,]+\S/.test(value)) ? ` ${explainLiteralForm(name)}` : "";
}
function explainLiteralForm(name) {
  return `Write "${name}: |" and each value on a line of its own; without "|" YAML joins the lines into one.`;
}

// lib/src/inputs/tag-lines.js
function tagLines(limit) {
  return {
    default: "",
    hasLines: true,
    parse: (text2, { name, report }) => {
      const tags = /* @__PURE__ */ new Map();
      for (const line of splitLines(text2)) {
        const { key, value } = splitTag(line);
        const problem = findTagProblem(line, name) ?? findRepetition(key, tags, limit.foldsCase);
        if (problem === void 0)
          tags.set(key, value);
        else
          report(problem);
      }
      if (tags.size > limit.most)
        report(`has ${tags.size} tags, but ${limit.reason}.`);
      return tags;
    }
  };
}
function splitTag(line) {
  const separator = line.indexOf("=");
  return { key: line.slice(0, Math.max(0, separator)).trim(), value: line.slice(separator + 1).trim() };
}
function findTagProblem(line, name) {
  const { key, value } = splitTag(line);
  if (key === "")
    return `must have key=value on each line, but has ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(line)}.`;
  if (isJoined(line)) {
    return `has several key=value on one line: ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(line)}. ${explainLiteralForm(name)} A value that has a space and then a word with = is refused.`;
  }
  if ((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .isReservedKey */ .IN)(key)) {
    return `has the key ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(key)}, but keys that begin with aws: or tenant-tables: are reserved.`;
  }
  if (!(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .isTagText */ .my)(key, 128))
    return `has the key ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(key)}, but a key may have at most 128 ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .tagCharacters */ .LE}.`;
  if ((0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .isTagText */ .my)(value, 256))
    return void 0;
  return `has the key ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(key)} with the value ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(value)}, but a value may have at most 256 ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .tagCharacters */ .LE}.`;
}
function isJoined(line) {
  const separator = line.indexOf("=");
  const value = line.slice(separator + 1);
  return /\s[^\s=]+\s*=(?!=)/.test(/\s/.test(line[separator - 1] ?? "") ? value.trimStart() : value);
}
function findRepetition(key, tags, foldsCase = false) {
  if (tags.has(key))
    return `has the key ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(key)} twice. Give each key once.`;
  const isSame = (each) => each.toLowerCase() === key.toLowerCase();
  if (!foldsCase || ![...tags.keys()].some(isSame))
    return void 0;
  return `has the key ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(key)} in upper and lower case, which is one key to STS. Give each key once.`;
}

// lib/src/inputs/declarations.js
var sessionName = /^[\w+=,.@-]{2,64}$/;
var declarations = {
  command: choice(["apply", "plan", "verify", "destroy", "policy"], "apply"),
  environment: { default: "", parse: parseEnvironment },
  "production-environments": list({
    // A separator other than a comma or a line would join several names, and leave production unprotected.
    must: "must have names of environments between commas or on separate lines",
    parse: (name) => (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .isTagText */ .my)(name, 256) ? name : void 0
  }),
  production: choice(["auto", "true", "false"], "auto"),
  "aws-region": { default: "", parse: parseRegion },
  "role-to-assume": lines2({
    must: "must have the ARN of a role on each line, such as arn:aws:iam::222222222222:role/tenant-tables-provisioner",
    parse: parseRole
  }),
  "credential-source": choice(["auto", "oidc", "environment"], "auto"),
  "role-external-id": textOf(/^[\w+=,.@:/-]{2,1224}$/, "must have 2 to 1224 letters, digits and _ + = , . @ : / - and nothing else", { isSecret: true }),
  "role-source-identity": { default: "false", parse: parseSourceIdentity },
  "role-session-tags": tagLines({ most: _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostTags */ .hp, reason: `STS takes at most ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostTags */ .hp}`, foldsCase: true }),
  "restrict-session": trueOrFalse(),
  "role-duration-seconds": wholeNumber({ default: 3600, min: 900, max: 43200 }),
  "role-session-name": textOf(sessionName, "must have 2 to 64 letters, digits and _ + = , . @ - and nothing else"),
  audience: textOf(/^[!-~]{1,255}$/, "must have 1 to 255 printable ASCII characters and no spaces"),
  "allowed-account-ids": { default: "", hasLines: true, parse: parseAccounts },
  "definition-file": { default: "", parse: (path) => path },
  "table-name-prefix": { default: "", parse: parseTableNamePrefix },
  "deletion-protection": choice(["auto", "true", "false"], "auto"),
  "point-in-time-recovery": choice(["auto", "true", "false"], "auto"),
  tags: tagLines({
    most: _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostDeclaredTags */ .de,
    reason: `a table has at most ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostTags */ .hp}, and the action adds ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostTags */ .hp - _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostDeclaredTags */ .de}. Give ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .mostDeclaredTags */ .de} or fewer`
  }),
  "timeout-seconds": wholeNumber({ default: 1800, min: 1, max: _MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .longestRunSeconds */ .bs }),
  "wait-for-indexes": trueOrFalse("true"),
  allow: {
    ...lines2({
      must: `must have one of ${disruptionNames.join(", ")} on each line`,
      parse: (line) => disruptionNames.find((disruption) => disruption === line)
    }),
    choices: disruptionNames
  },
  "expected-plan": { default: "", parse: parseExpectedPlan },
  "expected-plan-digest": { default: "", parse: parseExpectedPlanDigest },
  "fail-on-drift": trueOrFalse(),
  comment: trueOrFalse(),
  // An empty token is legal: the comment is optional, and must not keep the tables from being changed.
  "github-token": { default: "", parse: (text2) => text2 },
  "sample-items": choice(["auto", "true", "false"], "auto"),
  destroy: trueOrFalse(),
  "confirm-destroy": { default: "", hasLines: true, parse: splitLines }
};
var inputNames = Object.keys(declarations);
function parseEnvironment(name, { report }) {
  if (!(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .isTagText */ .my)(name, 256)) {
    report(`is written into a tag, so it may have at most 256 ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .tagCharacters */ .LE}, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(name)}.`);
  }
  return name;
}
function parseRegion(text2, { variables, report }) {
  const { AWS_REGION = "", AWS_DEFAULT_REGION = "" } = variables;
  const candidates = { "": text2, AWS_REGION: AWS_REGION.trim(), AWS_DEFAULT_REGION: AWS_DEFAULT_REGION.trim() };
  const [variable, region] = Object.entries(candidates).find(([, value]) => value !== "") ?? [];
  if (region === void 0)
    return "";
  if (!/^[a-z]{2,8}(-[a-z]{2,20}){1,3}-\d{1,2}$/.test(region)) {
    const origin = variable === "" ? "" : `is empty, so it is taken from ${variable}, which `;
    report(`${origin}must be the name of an AWS region, such as ap-south-1, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(region)}.`);
  }
  return region;
}
function parseRole(arn) {
  const [, partition, account] = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[!-.0-9;-~]+\/)*[\w+=,.@-]{1,64}$/.exec(arn) ?? [];
  return partition === void 0 || account === void 0 ? void 0 : { arn, partition, account };
}
function parseSourceIdentity(text2, { variables, report }) {
  if (text2 === "false")
    return "";
  if (text2 === "true") {
    const { GITHUB_REPOSITORY_ID: repository = "", GITHUB_RUN_ID: run = "" } = variables;
    if (!/^\d+ \d+$/.test(`${repository} ${run}`)) {
      report("is true, but GITHUB_REPOSITORY_ID or GITHUB_RUN_ID is not set. Give the source identity itself.");
    }
    return `${repository}.${run}`;
  }
  if (!sessionName.test(text2)) {
    report(`must be true, false, or 2 to 64 letters, digits and _ + = , . @ -, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}.`);
  }
  return text2;
}
function parseAccounts(text2, context) {
  const must = "must have account ids of 12 digits";
  const accounts = list({ must, parse: (id) => /^\d{12}$/.test(id) ? id : void 0 }).parse(text2, context);
  if (/^[\s,]+$/.test(text2))
    context.report(`${must}, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}. Give an account id, or leave it out.`);
  return accounts;
}
function parseTableNamePrefix(tableNamePrefix, { definition, report }) {
  if (definition === void 0)
    return tableNamePrefix;
  const names = (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .environmentNames */ .iF)(definition).flatMap((environment) => (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .nameTables */ .$I)(definition, { environment, tableNamePrefix }));
  for (const name of new Set(names)) {
    if (!_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .namePattern */ ._u.test(name))
      report(`makes the table name ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(name)}, but a name must have ${_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .nameRule */ .Mp}.`);
  }
  return tableNamePrefix;
}
function parseExpectedPlan(text2, { report }) {
  if (text2 === "")
    return void 0;
  if (text2 === "no-plan")
    report(`is no-plan: ${emptyOutput}.`);
  if (text2.startsWith("{"))
    return { json: text2 };
  if (/\p{Cc}/u.test(text2)) {
    report(`must be the JSON of the output plan, or the path of a file that has it, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}.`);
  }
  return { path: text2 };
}
function parseExpectedPlanDigest(text2, { report }) {
  if (text2 === "")
    return void 0;
  if (isFallback(text2))
    report(`is ${text2}: ${emptyOutput}.`);
  else if (!/^[0-9a-f]{64}$/i.test(text2)) {
    report(`must be the 64 hexadecimal digits of the output plan-digest, but is ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(text2)}.`);
  }
  return text2.toLowerCase();
}

// lib/src/inputs/unknown-inputs.js
var commonGuesses = {
  "command: plan": "dry-run dryrun plan plan-only check check-only noop what-if",
  environment: "env env-name environment-name",
  "production-environments": "production-environment prod-environments protected-environments",
  production: "is-production is-prod prod prod-env production-env",
  "aws-region": "region aws-default-region region-name",
  "role-to-assume": "role roles role-arn role-arns role-name iam-role iam-role-arn assume-role assume-role-arn aws-role aws-role-arn aws-role-to-assume aws-assume-role aws-iam-role",
  "role-external-id": "external-id aws-external-id aws-role-external-id",
  "role-source-identity": "source-identity",
  "role-session-tags": "session-tags",
  "role-session-name": "session-name aws-session-name aws-role-session-name",
  "role-duration-seconds": "role-duration session-duration duration-seconds role-session-duration aws-role-duration-seconds",
  "allowed-account-ids": "account-id account-ids aws-account-id aws-account-ids allowed-accounts allowed-aws-account-ids",
  "table-name-prefix": "prefix table-prefix tables-prefix name-prefix table-names-prefix",
  "deletion-protection": "protection deletion-protection-enabled delete-protection enable-deletion-protection",
  "point-in-time-recovery": "point-in-time-recovery-enabled enable-point-in-time-recovery pitr",
  tags: "tag table-tags resource-tags",
  "timeout-seconds": "timeout timeout-minutes timeout-in-seconds",
  "expected-plan": "reviewed-plan approved-plan expected-plan-file",
  "expected-plan-digest": "plan-digest",
  "fail-on-drift": "detect-drift drift fail-on-changes",
  comment: "pr-comment pull-request-comment comment-on-pr",
  "github-token": "gh-token",
  "confirm-destroy": "confirm confirm-delete confirm-deletion"
};
function findUnknownInputs(variables) {
  const unknown = givenInputs(variables).filter((input) => !isKnown(input, variables)).map((input) => ({ ...input, suggestion: suggestInput(input) }));
  const others = unknown.filter(({ suggestion }) => suggestion === void 0);
  return {
    problems: unknown.flatMap(({ name, variable, suggestion }) => suggestion === void 0 ? [] : `${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .visible */ .RK)(name)} is not an input of this action. Did you mean ${suggestion}? If it is not meant for this action, set ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .visible */ .RK)(variable)} to an empty text in the env of this step.`),
    warnings: others.length === 0 ? [] : [explainIgnored(others)]
  };
}
var prefix = "INPUT_";
function givenInputs(variables) {
  return Object.keys(variables).filter((variable) => variable.startsWith(prefix)).sort().map((variable) => ({
    name: variable.slice(prefix.length).toLowerCase(),
    variable,
    value: variables[variable]?.trim() ?? ""
  })).filter(({ value }) => value !== "");
}
function isKnown({ name, value }, variables) {
  const known = inputNames.find((each) => each === hyphenated(name));
  if (known === void 0 || known === name)
    return known !== void 0;
  return variables[`${prefix}${known.toUpperCase()}`]?.trim() === value;
}
function hyphenated(name) {
  return name.replaceAll("_", "-");
}
function suggestInput({ name, value }) {
  const written = hyphenated(name);
  const [guessed] = Object.entries(commonGuesses).find(([, guesses]) => guesses.split(" ").includes(written)) ?? [];
  return guessed ?? (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .findSimilar */ .bQ)(written, inputNames) ?? (value.toLowerCase() === "plan" ? "command: plan" : void 0);
}
function explainIgnored(inputs) {
  const names = inputs.map(({ name }) => (0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .quote */ .hD)(name));
  return `The action does not have these inputs and ignores them: ${(0,_MHPL2HJH_js__WEBPACK_IMPORTED_MODULE_0__/* .listSome */ .XT)(names, 20, "more input")}.`;
}




/***/ }),

/***/ 1172:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   W: () => (/* binding */ SignatureV4MultiRegion)
/* harmony export */ });
/* harmony import */ var _BWTDZD6W_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(620);


// node_modules/@aws-sdk/signature-v4-multi-region/dist-es/signature-v4-crt-container.js
var signatureV4CrtContainer = {
  CrtSignerV4: null
};

// node_modules/@aws-sdk/signature-v4-multi-region/dist-es/SignatureV4SignWithCredentials.js
var SESSION_TOKEN_QUERY_PARAM = "X-Amz-S3session-Token";
var SESSION_TOKEN_HEADER = SESSION_TOKEN_QUERY_PARAM.toLowerCase();
var SignatureV4SignWithCredentials = class extends _BWTDZD6W_js__WEBPACK_IMPORTED_MODULE_0__/* .SignatureV4 */ .BB {
  async signWithCredentials(requestToSign, credentials, options) {
    const credentialsWithoutSessionToken = getCredentialsWithoutSessionToken(credentials);
    requestToSign.headers[SESSION_TOKEN_HEADER] = credentials.sessionToken;
    const privateAccess = this;
    setSingleOverride(privateAccess, credentialsWithoutSessionToken);
    return privateAccess.signRequest(requestToSign, options ?? {});
  }
  async presignWithCredentials(requestToSign, credentials, options) {
    const credentialsWithoutSessionToken = getCredentialsWithoutSessionToken(credentials);
    delete requestToSign.headers[SESSION_TOKEN_HEADER];
    requestToSign.headers[SESSION_TOKEN_QUERY_PARAM] = credentials.sessionToken;
    requestToSign.query = requestToSign.query ?? {};
    requestToSign.query[SESSION_TOKEN_QUERY_PARAM] = credentials.sessionToken;
    const privateAccess = this;
    setSingleOverride(privateAccess, credentialsWithoutSessionToken);
    return this.presign(requestToSign, options);
  }
};
function getCredentialsWithoutSessionToken(credentials) {
  return {
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    expiration: credentials.expiration
  };
}
function setSingleOverride(privateAccess, credentialsWithoutSessionToken) {
  const currentCredentialProvider = privateAccess.credentialProvider;
  privateAccess.credentialProvider = () => {
    privateAccess.credentialProvider = currentCredentialProvider;
    return Promise.resolve(credentialsWithoutSessionToken);
  };
}

// node_modules/@aws-sdk/signature-v4-multi-region/dist-es/SignatureV4MultiRegion.js
var SignatureV4MultiRegion = class {
  sigv4aSigner;
  sigv4Signer;
  signerOptions;
  static sigv4aDependency() {
    if (typeof signatureV4CrtContainer.CrtSignerV4 === "function") {
      return "crt";
    } else if (typeof _BWTDZD6W_js__WEBPACK_IMPORTED_MODULE_0__/* .signatureV4aContainer */ .dm.SignatureV4a === "function") {
      return "js";
    }
    return "none";
  }
  constructor(options) {
    this.sigv4Signer = new SignatureV4SignWithCredentials(options);
    this.signerOptions = options;
  }
  async sign(requestToSign, options = {}) {
    if (options.signingRegion === "*") {
      return this.getSigv4aSigner().sign(requestToSign, options);
    }
    return this.sigv4Signer.sign(requestToSign, options);
  }
  async signWithCredentials(requestToSign, credentials, options = {}) {
    if (options.signingRegion === "*") {
      const signer = this.getSigv4aSigner();
      const CrtSignerV4 = signatureV4CrtContainer.CrtSignerV4;
      if (CrtSignerV4 && signer instanceof CrtSignerV4) {
        return signer.signWithCredentials(requestToSign, credentials, options);
      } else {
        throw new Error(`signWithCredentials with signingRegion '*' is only supported when using the CRT dependency @aws-sdk/signature-v4-crt. Please check whether you have installed the "@aws-sdk/signature-v4-crt" package explicitly. You must also register the package by calling [require("@aws-sdk/signature-v4-crt");] or an ESM equivalent such as [import "@aws-sdk/signature-v4-crt";]. For more information please go to https://github.com/aws/aws-sdk-js-v3#functionality-requiring-aws-common-runtime-crt`);
      }
    }
    return this.sigv4Signer.signWithCredentials(requestToSign, credentials, options);
  }
  async presign(originalRequest, options = {}) {
    if (options.signingRegion === "*") {
      const signer = this.getSigv4aSigner();
      const CrtSignerV4 = signatureV4CrtContainer.CrtSignerV4;
      if (CrtSignerV4 && signer instanceof CrtSignerV4) {
        return signer.presign(originalRequest, options);
      } else {
        throw new Error(`presign with signingRegion '*' is only supported when using the CRT dependency @aws-sdk/signature-v4-crt. Please check whether you have installed the "@aws-sdk/signature-v4-crt" package explicitly. You must also register the package by calling [require("@aws-sdk/signature-v4-crt");] or an ESM equivalent such as [import "@aws-sdk/signature-v4-crt";]. For more information please go to https://github.com/aws/aws-sdk-js-v3#functionality-requiring-aws-common-runtime-crt`);
      }
    }
    return this.sigv4Signer.presign(originalRequest, options);
  }
  async presignWithCredentials(originalRequest, credentials, options = {}) {
    if (options.signingRegion === "*") {
      throw new Error("Method presignWithCredentials is not supported for [signingRegion=*].");
    }
    return this.sigv4Signer.presignWithCredentials(originalRequest, credentials, options);
  }
  getSigv4aSigner() {
    if (!this.sigv4aSigner) {
      const CrtSignerV4 = signatureV4CrtContainer.CrtSignerV4;
      const JsSigV4aSigner = _BWTDZD6W_js__WEBPACK_IMPORTED_MODULE_0__/* .signatureV4aContainer */ .dm.SignatureV4a;
      if (this.signerOptions.runtime === "node") {
        if (!CrtSignerV4 && !JsSigV4aSigner) {
          throw new Error("Neither CRT nor JS SigV4a implementation is available. Please load either @aws-sdk/signature-v4-crt or @aws-sdk/signature-v4a. For more information please go to https://github.com/aws/aws-sdk-js-v3#functionality-requiring-aws-common-runtime-crt");
        }
        if (CrtSignerV4 && typeof CrtSignerV4 === "function") {
          this.sigv4aSigner = new CrtSignerV4({
            ...this.signerOptions,
            signingAlgorithm: 1
          });
        } else if (JsSigV4aSigner && typeof JsSigV4aSigner === "function") {
          this.sigv4aSigner = new JsSigV4aSigner({
            ...this.signerOptions
          });
        } else {
          throw new Error("Available SigV4a implementation is not a valid constructor. Please ensure you've properly imported @aws-sdk/signature-v4-crt or @aws-sdk/signature-v4a.For more information please go to https://github.com/aws/aws-sdk-js-v3#functionality-requiring-aws-common-runtime-crt");
        }
      } else {
        if (!JsSigV4aSigner || typeof JsSigV4aSigner !== "function") {
          throw new Error("JS SigV4a implementation is not available or not a valid constructor. Please check whether you have installed the @aws-sdk/signature-v4a package explicitly. The CRT implementation is not available for browsers. You must also register the package by calling [require('@aws-sdk/signature-v4a');] or an ESM equivalent such as [import '@aws-sdk/signature-v4a';]. For more information please go to https://github.com/aws/aws-sdk-js-v3#using-javascript-non-crt-implementation-of-sigv4a");
        }
        this.sigv4aSigner = new JsSigV4aSigner({
          ...this.signerOptions
        });
      }
    }
    return this.sigv4aSigner;
  }
};




/***/ }),

/***/ 994:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   v: () => (/* binding */ defaultProvider)
/* harmony export */ });
/* harmony import */ var _WQFOKZCK_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(9858);
/* harmony import */ var _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(7746);



// node_modules/@aws-sdk/credential-provider-node/dist-es/remoteProvider.js
var ENV_IMDS_DISABLED = "AWS_EC2_METADATA_DISABLED";
var remoteProvider = async (init) => {
  const { ENV_CMDS_FULL_URI, ENV_CMDS_RELATIVE_URI, fromContainerMetadata, fromInstanceMetadata } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 8463));
  if (process.env[ENV_CMDS_RELATIVE_URI] || process.env[ENV_CMDS_FULL_URI]) {
    init.logger?.debug("@aws-sdk/credential-provider-node - remoteProvider::fromHttp/fromContainerMetadata");
    const { fromHttp } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 6744));
    return (0,_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .chain */ .cy)(fromHttp(init), fromContainerMetadata(init));
  }
  if (process.env[ENV_IMDS_DISABLED] && process.env[ENV_IMDS_DISABLED] !== "false") {
    return async () => {
      throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .CredentialsProviderError */ .C1("EC2 Instance Metadata Service access disabled", { logger: init.logger });
    };
  }
  init.logger?.debug("@aws-sdk/credential-provider-node - remoteProvider::fromInstanceMetadata");
  return fromInstanceMetadata(init);
};

// node_modules/@aws-sdk/credential-provider-node/dist-es/runtime/memoize-chain.js
function memoizeChain(providers, treatAsExpired) {
  const chain2 = internalCreateChain(providers);
  let activeLock;
  let passiveLock;
  let credentials;
  let forceRefreshLock;
  const provider = async (options) => {
    if (options?.forceRefresh) {
      if (!forceRefreshLock) {
        forceRefreshLock = chain2(options).then((c) => {
          credentials = c;
        }).finally(() => {
          forceRefreshLock = void 0;
        });
      }
      await forceRefreshLock;
      return credentials;
    }
    if (credentials?.expiration) {
      if (credentials?.expiration?.getTime() < Date.now()) {
        credentials = void 0;
      }
    }
    if (activeLock) {
      await activeLock;
    } else if (!credentials || treatAsExpired?.(credentials)) {
      if (credentials) {
        if (!passiveLock) {
          passiveLock = chain2(options).then((c) => {
            credentials = c;
          }).catch(() => {
          }).finally(() => {
            passiveLock = void 0;
          });
        }
      } else {
        activeLock = chain2(options).then((c) => {
          credentials = c;
        }).finally(() => {
          activeLock = void 0;
        });
        return provider(options);
      }
    }
    return credentials;
  };
  return provider;
}
var internalCreateChain = (providers) => async (awsIdentityProperties) => {
  let lastProviderError;
  for (const provider of providers) {
    try {
      return await provider(awsIdentityProperties);
    } catch (err) {
      lastProviderError = err;
      if (err?.tryNextLink) {
        continue;
      }
      throw err;
    }
  }
  throw lastProviderError;
};

// node_modules/@aws-sdk/credential-provider-node/dist-es/defaultProvider.js
var multipleCredentialSourceWarningEmitted = false;
var defaultProvider = (init = {}) => memoizeChain([
  async () => {
    const profile = init.profile ?? process.env[_Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .ENV_PROFILE */ .Ch];
    if (profile) {
      const envStaticCredentialsAreSet = process.env[_WQFOKZCK_js__WEBPACK_IMPORTED_MODULE_0__/* .ENV_KEY */ .yG] && process.env[_WQFOKZCK_js__WEBPACK_IMPORTED_MODULE_0__/* .ENV_SECRET */ .pi];
      if (envStaticCredentialsAreSet) {
        if (!multipleCredentialSourceWarningEmitted) {
          const warnFn = init.logger?.warn && init.logger?.constructor?.name !== "NoOpLogger" ? init.logger.warn.bind(init.logger) : console.warn;
          warnFn(`@aws-sdk/credential-provider-node - defaultProvider::fromEnv WARNING:
    Multiple credential sources detected: 
    Both AWS_PROFILE and the pair AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY static credentials are set.
    This SDK will proceed with the AWS_PROFILE value.
    
    However, a future version may change this behavior to prefer the ENV static credentials.
    Please ensure that your environment only sets either the AWS_PROFILE or the
    AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY pair.
`);
          multipleCredentialSourceWarningEmitted = true;
        }
      }
      throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .CredentialsProviderError */ .C1("AWS_PROFILE is set, skipping fromEnv provider.", {
        logger: init.logger,
        tryNextLink: true
      });
    }
    init.logger?.debug("@aws-sdk/credential-provider-node - defaultProvider::fromEnv");
    return (0,_WQFOKZCK_js__WEBPACK_IMPORTED_MODULE_0__/* .fromEnv */ .sF)(init)();
  },
  async (awsIdentityProperties) => {
    init.logger?.debug("@aws-sdk/credential-provider-node - defaultProvider::fromSSO");
    const { ssoStartUrl, ssoAccountId, ssoRegion, ssoRoleName, ssoSession } = init;
    if (!ssoStartUrl && !ssoAccountId && !ssoRegion && !ssoRoleName && !ssoSession) {
      throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .CredentialsProviderError */ .C1("Skipping SSO provider in default chain (inputs do not include SSO fields).", { logger: init.logger });
    }
    const { fromSSO } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 7063));
    return fromSSO(init)(awsIdentityProperties);
  },
  async (awsIdentityProperties) => {
    init.logger?.debug("@aws-sdk/credential-provider-node - defaultProvider::fromIni");
    const { fromIni } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 9284));
    return fromIni(init)(awsIdentityProperties);
  },
  async (awsIdentityProperties) => {
    init.logger?.debug("@aws-sdk/credential-provider-node - defaultProvider::fromProcess");
    const { fromProcess } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 1476));
    return fromProcess(init)(awsIdentityProperties);
  },
  async (awsIdentityProperties) => {
    init.logger?.debug("@aws-sdk/credential-provider-node - defaultProvider::fromTokenFile");
    const { fromTokenFile } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 3758));
    return fromTokenFile(init)(awsIdentityProperties);
  },
  async () => {
    init.logger?.debug("@aws-sdk/credential-provider-node - defaultProvider::remoteProvider");
    return (await remoteProvider(init))();
  },
  async () => {
    throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .CredentialsProviderError */ .C1("Could not load credentials from any providers", {
      tryNextLink: false,
      logger: init.logger
    });
  }
], credentialsTreatedAsExpired);
var credentialsTreatedAsExpired = (credentials) => credentials?.expiration !== void 0 && credentials.expiration.getTime() - Date.now() < 3e5;




/***/ }),

/***/ 3981:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   $3: () => (/* binding */ hasOwn),
/* harmony export */   AH: () => (/* binding */ LazyJsonString),
/* harmony export */   Dl: () => (/* binding */ parseUrl),
/* harmony export */   Dv: () => (/* binding */ NumericValue),
/* harmony export */   EI: () => (/* binding */ parseRfc3339DateTime),
/* harmony export */   Ey: () => (/* binding */ fromBase64),
/* harmony export */   Fo: () => (/* binding */ toUint8Array),
/* harmony export */   GP: () => (/* binding */ splitHeader),
/* harmony export */   Gj: () => (/* binding */ _parseRfc7231DateTime),
/* harmony export */   Ip: () => (/* binding */ IniSectionType),
/* harmony export */   JV: () => (/* binding */ dateToUtcString),
/* harmony export */   Kd: () => (/* binding */ HttpRequest),
/* harmony export */   LA: () => (/* binding */ deref),
/* harmony export */   Mu: () => (/* binding */ Uint8ArrayBlobAdapter),
/* harmony export */   OF: () => (/* binding */ TypeRegistry),
/* harmony export */   Pq: () => (/* binding */ toUtf8),
/* harmony export */   TE: () => (/* binding */ writeKey),
/* harmony export */   UE: () => (/* binding */ splitEvery),
/* harmony export */   UK: () => (/* binding */ _parseEpochTimestamp),
/* harmony export */   Ue: () => (/* binding */ EndpointURLScheme),
/* harmony export */   Vf: () => (/* binding */ SMITHY_CONTEXT_KEY),
/* harmony export */   X8: () => (/* binding */ isValidHostLabel),
/* harmony export */   a0: () => (/* binding */ toEndpointV1),
/* harmony export */   aD: () => (/* binding */ fromHex),
/* harmony export */   ar: () => (/* binding */ fromUtf8),
/* harmony export */   c9: () => (/* binding */ sdkStreamMixin2),
/* harmony export */   cS: () => (/* binding */ HttpResponse),
/* harmony export */   cX: () => (/* binding */ translateTraits),
/* harmony export */   dB: () => (/* binding */ AlgorithmId),
/* harmony export */   eH: () => (/* binding */ _parseRfc3339DateTimeWithOffset),
/* harmony export */   ec: () => (/* binding */ generateIdempotencyToken),
/* harmony export */   kv: () => (/* binding */ streamCollector2),
/* harmony export */   l1: () => (/* binding */ NormalizedSchema),
/* harmony export */   l3: () => (/* binding */ parseEpochTimestamp),
/* harmony export */   m9: () => (/* binding */ quoteHeader),
/* harmony export */   mw: () => (/* binding */ isArrayBuffer),
/* harmony export */   n8: () => (/* binding */ calculateBodyLength),
/* harmony export */   nj: () => (/* binding */ toHex),
/* harmony export */   nk: () => (/* binding */ toBase64),
/* harmony export */   oJ: () => (/* binding */ isValidHostname),
/* harmony export */   t_: () => (/* binding */ parseRfc3339DateTimeWithOffset),
/* harmony export */   te: () => (/* binding */ normalizeProvider),
/* harmony export */   ug: () => (/* binding */ getSmithyContext),
/* harmony export */   v4: () => (/* binding */ v4),
/* harmony export */   wq: () => (/* binding */ getSchemaSerdePlugin),
/* harmony export */   xE: () => (/* binding */ parseRfc7231DateTime)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(7598);
/* harmony import */ var node_fs__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(3024);
/* harmony import */ var node_stream__WEBPACK_IMPORTED_MODULE_2__ = __nccwpck_require__(7075);
// node_modules/@smithy/types/dist-es/extensions/checksum.js
var AlgorithmId;
(function(AlgorithmId2) {
  AlgorithmId2["MD5"] = "md5";
  AlgorithmId2["CRC32"] = "crc32";
  AlgorithmId2["CRC32C"] = "crc32c";
  AlgorithmId2["SHA1"] = "sha1";
  AlgorithmId2["SHA256"] = "sha256";
})(AlgorithmId || (AlgorithmId = {}));

// node_modules/@smithy/types/dist-es/middleware.js
var SMITHY_CONTEXT_KEY = "__smithy_context";

// node_modules/@smithy/types/dist-es/endpoint.js
var EndpointURLScheme;
(function(EndpointURLScheme2) {
  EndpointURLScheme2["HTTP"] = "http";
  EndpointURLScheme2["HTTPS"] = "https";
})(EndpointURLScheme || (EndpointURLScheme = {}));

// node_modules/@smithy/types/dist-es/profile.js
var IniSectionType;
(function(IniSectionType2) {
  IniSectionType2["PROFILE"] = "profile";
  IniSectionType2["SSO_SESSION"] = "sso-session";
  IniSectionType2["SERVICES"] = "services";
})(IniSectionType || (IniSectionType = {}));

// node_modules/@smithy/core/dist-es/submodules/transport/getSmithyContext.js
var getSmithyContext = (context) => context[SMITHY_CONTEXT_KEY] || (context[SMITHY_CONTEXT_KEY] = {});

// node_modules/@smithy/core/dist-es/submodules/transport/hasOwn.js
function hasOwn(o, k) {
  return Object.prototype.hasOwnProperty.call(o, k);
}

// node_modules/@smithy/core/dist-es/submodules/transport/normalizeProvider.js
var normalizeProvider = (input) => {
  if (typeof input === "function") {
    return input;
  }
  const promisified = Promise.resolve(input);
  return () => promisified;
};

// node_modules/@smithy/core/dist-es/submodules/transport/parseQueryString.js
function parseQueryString(querystring) {
  const query = {};
  querystring = querystring.replace(/^\?/, "");
  if (querystring) {
    for (const pair of querystring.split("&")) {
      let [key, value = null] = pair.split("=");
      key = decodeURIComponent(key);
      if (value) {
        value = decodeURIComponent(value);
      }
      if (!(key in query)) {
        query[key] = value;
      } else if (Array.isArray(query[key])) {
        query[key].push(value);
      } else {
        query[key] = [query[key], value];
      }
    }
  }
  return query;
}

// node_modules/@smithy/core/dist-es/submodules/transport/parseUrl.js
var parseUrl = (url) => {
  if (typeof url === "string") {
    return parseUrl(new URL(url));
  }
  const { hostname, pathname, port, protocol, search } = url;
  let query;
  if (search) {
    query = parseQueryString(search);
  }
  return {
    hostname,
    port: port ? parseInt(port) : void 0,
    protocol,
    path: pathname,
    query
  };
};

// node_modules/@smithy/core/dist-es/submodules/transport/httpRequest.js
var HttpRequest = class _HttpRequest {
  method;
  protocol;
  hostname;
  port;
  path;
  query;
  headers;
  username;
  password;
  fragment;
  body;
  constructor(options) {
    this.method = options.method || "GET";
    this.hostname = options.hostname || "localhost";
    this.port = options.port;
    this.query = options.query || {};
    this.headers = options.headers || {};
    this.body = options.body;
    this.protocol = options.protocol ? options.protocol.slice(-1) !== ":" ? `${options.protocol}:` : options.protocol : "https:";
    this.path = options.path ? options.path.charAt(0) !== "/" ? `/${options.path}` : options.path : "/";
    this.username = options.username;
    this.password = options.password;
    this.fragment = options.fragment;
  }
  static clone(request) {
    const cloned = new _HttpRequest({
      ...request,
      headers: { ...request.headers }
    });
    if (cloned.query) {
      cloned.query = cloneQuery(cloned.query);
    }
    return cloned;
  }
  static isInstance(request) {
    if (!request) {
      return false;
    }
    const req = request;
    return "method" in req && "protocol" in req && "hostname" in req && "path" in req && typeof req["query"] === "object" && typeof req["headers"] === "object";
  }
  clone() {
    return _HttpRequest.clone(this);
  }
};
function cloneQuery(query) {
  return Object.keys(query).reduce((carry, paramName) => {
    const param = query[paramName];
    return {
      ...carry,
      [paramName]: Array.isArray(param) ? [...param] : param
    };
  }, {});
}

// node_modules/@smithy/core/dist-es/submodules/transport/httpResponse.js
var HttpResponse = class {
  statusCode;
  reason;
  headers;
  body;
  constructor(options) {
    this.statusCode = options.statusCode;
    this.reason = options.reason;
    this.headers = options.headers || {};
    this.body = options.body;
  }
  static isInstance(response) {
    if (!response) {
      return false;
    }
    const resp = response;
    return typeof resp.statusCode === "number" && typeof resp.headers === "object";
  }
};

// node_modules/@smithy/core/dist-es/submodules/transport/isValidHostLabel.js
var VALID_HOST_LABEL_REGEX = new RegExp(`^(?!.*-$)(?!-)[a-zA-Z0-9-]{1,63}$`);
var isValidHostLabel = (value, allowSubDomains = false) => {
  if (!allowSubDomains) {
    return VALID_HOST_LABEL_REGEX.test(value);
  }
  const labels = value.split(".");
  for (const label of labels) {
    if (!isValidHostLabel(label)) {
      return false;
    }
  }
  return true;
};

// node_modules/@smithy/core/dist-es/submodules/transport/isValidHostname.js
function isValidHostname(hostname) {
  const hostPattern = /^[a-z0-9][a-z0-9.-]*[a-z0-9]$/;
  return hostPattern.test(hostname);
}

// node_modules/@smithy/core/dist-es/submodules/transport/toEndpointV1.js
var toEndpointV1 = (endpoint) => {
  if (typeof endpoint === "object") {
    if ("url" in endpoint) {
      const v1Endpoint = parseUrl(endpoint.url);
      if (endpoint.headers) {
        v1Endpoint.headers = {};
        for (const name in endpoint.headers) {
          if (!hasOwn(endpoint.headers, name)) {
            continue;
          }
          v1Endpoint.headers[name.toLowerCase()] = endpoint.headers[name].join(", ");
        }
      }
      return v1Endpoint;
    }
    return endpoint;
  }
  return parseUrl(endpoint);
};

// node_modules/@smithy/core/dist-es/submodules/schema/schemas/operation.js
var operation = (namespace, name, traits, input, output) => ({
  name,
  namespace,
  traits,
  input,
  output
});

// node_modules/@smithy/core/dist-es/submodules/schema/middleware/schemaDeserializationMiddleware.js
var schemaDeserializationMiddleware = (config) => (next, context) => async (args) => {
  const { response } = await next(args);
  const { operationSchema } = getSmithyContext(context);
  const [, ns, n, t, i, o] = operationSchema ?? [];
  try {
    const parsed = await config.protocol.deserializeResponse(operation(ns, n, t, i, o), {
      ...config,
      ...context
    }, response);
    return {
      response,
      output: parsed
    };
  } catch (error) {
    Object.defineProperty(error, "$response", {
      value: response,
      enumerable: false,
      writable: false,
      configurable: false
    });
    if (!("$metadata" in error)) {
      const hint = `Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.`;
      try {
        error.message += "\n  " + hint;
      } catch (ignored) {
        if (!context.logger || context.logger?.constructor?.name === "NoOpLogger") {
          console.warn(hint);
        } else {
          context.logger?.warn?.(hint);
        }
      }
      if (typeof error.$responseBodyText !== "undefined") {
        if (error.$response) {
          error.$response.body = error.$responseBodyText;
        }
      }
      try {
        if (HttpResponse.isInstance(response)) {
          const { headers = {}, statusCode } = response;
          const headerEntries = Object.entries(headers);
          error.$metadata = {
            httpStatusCode: statusCode,
            requestId: findHeader(/^x-[\w-]+-request-?id$/, headerEntries),
            extendedRequestId: findHeader(/^x-[\w-]+-id-2$/, headerEntries),
            cfId: findHeader(/^x-[\w-]+-cf-id$/, headerEntries)
          };
        }
      } catch (ignored) {
      }
    }
    throw error;
  }
};
var findHeader = (pattern, headers) => {
  return (headers.find(([k]) => {
    return k.match(pattern);
  }) || [void 0, void 0])[1];
};

// node_modules/@smithy/core/dist-es/submodules/schema/middleware/schemaSerializationMiddleware.js
var schemaSerializationMiddleware = (config) => (next, context) => async (args) => {
  const { operationSchema } = getSmithyContext(context);
  const [, ns, n, t, i, o] = operationSchema ?? [];
  const endpoint = context.endpointV2 ? async () => toEndpointV1(context.endpointV2) : config.endpoint;
  const request = await config.protocol.serializeRequest(operation(ns, n, t, i, o), args.input, {
    ...config,
    ...context,
    endpoint
  });
  return next({
    ...args,
    request
  });
};

// node_modules/@smithy/core/dist-es/submodules/schema/middleware/getSchemaSerdePlugin.js
var deserializerMiddlewareOption = {
  name: "deserializerMiddleware",
  step: "deserialize",
  tags: ["DESERIALIZER"],
  override: true
};
var serializerMiddlewareOption = {
  name: "serializerMiddleware",
  step: "serialize",
  tags: ["SERIALIZER"],
  override: true
};
function getSchemaSerdePlugin(config) {
  return {
    applyToStack: (commandStack) => {
      commandStack.add(schemaSerializationMiddleware(config), serializerMiddlewareOption);
      commandStack.add(schemaDeserializationMiddleware(config), deserializerMiddlewareOption);
      config.protocol.setSerdeContext(config);
    }
  };
}

// node_modules/@smithy/core/dist-es/submodules/schema/deref.js
var deref = (schemaRef) => {
  if (typeof schemaRef === "function") {
    return schemaRef();
  }
  return schemaRef;
};

// node_modules/@smithy/core/dist-es/submodules/schema/schemas/translateTraits.js
var traitsCache = [];
function translateTraits(indicator) {
  if (typeof indicator === "object") {
    return indicator;
  }
  indicator = indicator | 0;
  if (traitsCache[indicator]) {
    return traitsCache[indicator];
  }
  const traits = {};
  let i = 0;
  for (const trait of [
    "httpLabel",
    "idempotent",
    "idempotencyToken",
    "sensitive",
    "httpPayload",
    "httpResponseCode",
    "httpQueryParams"
  ]) {
    if ((indicator >> i++ & 1) === 1) {
      traits[trait] = 1;
    }
  }
  return traitsCache[indicator] = traits;
}

// node_modules/@smithy/core/dist-es/submodules/schema/schemas/NormalizedSchema.js
var anno = {
  it: /* @__PURE__ */ Symbol.for("@smithy/nor-struct-it"),
  ns: /* @__PURE__ */ Symbol.for("@smithy/ns")
};
var simpleSchemaCacheN = [];
var simpleSchemaCacheS = {};
var NormalizedSchema = class _NormalizedSchema {
  ref;
  memberName;
  static symbol = /* @__PURE__ */ Symbol.for("@smithy/nor");
  symbol = _NormalizedSchema.symbol;
  name;
  schema;
  _isMemberSchema;
  traits;
  memberTraits;
  normalizedTraits;
  constructor(ref, memberName) {
    this.ref = ref;
    this.memberName = memberName;
    const traitStack = [];
    let _ref = ref;
    let schema = ref;
    this._isMemberSchema = false;
    while (isMemberSchema(_ref)) {
      traitStack.push(_ref[1]);
      _ref = _ref[0];
      schema = deref(_ref);
      this._isMemberSchema = true;
    }
    if (traitStack.length > 0) {
      this.memberTraits = {};
      for (let i = traitStack.length - 1; i >= 0; --i) {
        const traitSet = traitStack[i];
        Object.assign(this.memberTraits, translateTraits(traitSet));
      }
    } else {
      this.memberTraits = 0;
    }
    if (schema instanceof _NormalizedSchema) {
      const computedMemberTraits = this.memberTraits;
      Object.assign(this, schema);
      this.memberTraits = Object.assign({}, computedMemberTraits, schema.getMemberTraits(), this.getMemberTraits());
      this.normalizedTraits = void 0;
      this.memberName = memberName ?? schema.memberName;
      return;
    }
    this.schema = deref(schema);
    if (isStaticSchema(this.schema)) {
      this.name = `${this.schema[1]}#${this.schema[2]}`;
      this.traits = this.schema[3];
    } else {
      this.name = this.memberName ?? String(schema);
      this.traits = 0;
    }
    if (this._isMemberSchema && !memberName) {
      throw new Error(`@smithy/core/schema - NormalizedSchema member init ${this.getName(true)} missing member name.`);
    }
  }
  static [Symbol.hasInstance](lhs) {
    const isPrototype = this.prototype.isPrototypeOf(lhs);
    if (!isPrototype && typeof lhs === "object" && lhs !== null) {
      const ns = lhs;
      return ns.symbol === this.symbol;
    }
    return isPrototype;
  }
  static of(ref) {
    const keyAble = typeof ref === "function" || typeof ref === "object" && ref !== null;
    if (typeof ref === "number") {
      if (simpleSchemaCacheN[ref]) {
        return simpleSchemaCacheN[ref];
      }
    } else if (typeof ref === "string") {
      if (simpleSchemaCacheS[ref]) {
        return simpleSchemaCacheS[ref];
      }
    } else if (keyAble) {
      if (ref[anno.ns]) {
        return ref[anno.ns];
      }
    }
    const sc = deref(ref);
    if (sc instanceof _NormalizedSchema) {
      return sc;
    }
    if (isMemberSchema(sc)) {
      const [ns2, traits] = sc;
      if (ns2 instanceof _NormalizedSchema) {
        Object.assign(ns2.getMergedTraits(), translateTraits(traits));
        return ns2;
      }
      throw new Error(`@smithy/core/schema - may not init unwrapped member schema=${JSON.stringify(ref, null, 2)}.`);
    }
    const ns = new _NormalizedSchema(sc);
    if (keyAble) {
      return ref[anno.ns] = ns;
    }
    if (typeof sc === "string") {
      return simpleSchemaCacheS[sc] = ns;
    }
    if (typeof sc === "number") {
      return simpleSchemaCacheN[sc] = ns;
    }
    return ns;
  }
  getSchema() {
    const sc = this.schema;
    if (Array.isArray(sc) && sc[0] === 0) {
      return sc[4];
    }
    return sc;
  }
  getName(withNamespace = false) {
    const { name } = this;
    const short = !withNamespace && name && name.includes("#");
    return short ? name.split("#")[1] : name || void 0;
  }
  getMemberName() {
    return this.memberName;
  }
  isMemberSchema() {
    return this._isMemberSchema;
  }
  isListSchema() {
    const sc = this.getSchema();
    return typeof sc === "number" ? sc >= 64 && sc < 128 : sc[0] === 1;
  }
  isMapSchema() {
    const sc = this.getSchema();
    return typeof sc === "number" ? sc >= 128 && sc <= 255 : sc[0] === 2;
  }
  isStructSchema() {
    const sc = this.getSchema();
    if (typeof sc !== "object") {
      return false;
    }
    const id = sc[0];
    return id === 3 || id === -3 || id === 4;
  }
  isUnionSchema() {
    const sc = this.getSchema();
    if (typeof sc !== "object") {
      return false;
    }
    return sc[0] === 4;
  }
  isBlobSchema() {
    const sc = this.getSchema();
    return sc === 21 || sc === 42;
  }
  isTimestampSchema() {
    const sc = this.getSchema();
    return typeof sc === "number" && sc >= 4 && sc <= 7;
  }
  isUnitSchema() {
    return this.getSchema() === "unit";
  }
  isDocumentSchema() {
    return this.getSchema() === 15;
  }
  isStringSchema() {
    return this.getSchema() === 0;
  }
  isBooleanSchema() {
    return this.getSchema() === 2;
  }
  isNumericSchema() {
    return this.getSchema() === 1;
  }
  isBigIntegerSchema() {
    return this.getSchema() === 17;
  }
  isBigDecimalSchema() {
    return this.getSchema() === 19;
  }
  isStreaming() {
    const { streaming } = this.getMergedTraits();
    return !!streaming || this.getSchema() === 42;
  }
  isIdempotencyToken() {
    return !!this.getMergedTraits().idempotencyToken;
  }
  getMergedTraits() {
    return this.normalizedTraits ?? (this.normalizedTraits = {
      ...this.getOwnTraits(),
      ...this.getMemberTraits()
    });
  }
  getMemberTraits() {
    return translateTraits(this.memberTraits);
  }
  getOwnTraits() {
    return translateTraits(this.traits);
  }
  getKeySchema() {
    const [isDoc, isMap] = [this.isDocumentSchema(), this.isMapSchema()];
    if (!isDoc && !isMap) {
      throw new Error(`@smithy/core/schema - cannot get key for non-map: ${this.getName(true)}`);
    }
    const schema = this.getSchema();
    const memberSchema = isDoc ? 15 : schema[4] ?? 0;
    return member([memberSchema, 0], "key");
  }
  getValueSchema() {
    const sc = this.getSchema();
    const [isDoc, isMap, isList] = [this.isDocumentSchema(), this.isMapSchema(), this.isListSchema()];
    const memberSchema = typeof sc === "number" ? 63 & sc : sc && typeof sc === "object" && (isMap || isList) ? sc[3 + sc[0]] : isDoc ? 15 : void 0;
    if (memberSchema != null) {
      return member([memberSchema, 0], isMap ? "value" : "member");
    }
    throw new Error(`@smithy/core/schema - ${this.getName(true)} has no value member.`);
  }
  getMemberSchema(memberName) {
    const struct = this.getSchema();
    if (this.isStructSchema() && struct[4].includes(memberName)) {
      const i = struct[4].indexOf(memberName);
      const memberSchema = struct[5][i];
      return member(isMemberSchema(memberSchema) ? memberSchema : [memberSchema, 0], memberName);
    }
    if (this.isDocumentSchema()) {
      return member([15, 0], memberName);
    }
    throw new Error(`@smithy/core/schema - ${this.getName(true)} has no member=${memberName}.`);
  }
  getMemberSchemas() {
    const buffer = {};
    try {
      for (const [k, v] of this.structIterator()) {
        buffer[k] = v;
      }
    } catch (ignored) {
    }
    return buffer;
  }
  getEventStreamMember() {
    if (this.isStructSchema()) {
      for (const [memberName, memberSchema] of this.structIterator()) {
        if (memberSchema.isStreaming() && memberSchema.isStructSchema()) {
          return memberName;
        }
      }
    }
    return "";
  }
  *structIterator() {
    if (this.isUnitSchema()) {
      return;
    }
    if (!this.isStructSchema()) {
      throw new Error("@smithy/core/schema - cannot iterate non-struct schema.");
    }
    const struct = this.getSchema();
    const z = struct[4].length;
    let it = struct[anno.it];
    if (it && z === it.length) {
      yield* it;
      return;
    }
    it = Array(z);
    for (let i = 0; i < z; ++i) {
      const k = struct[4][i];
      const v = member([struct[5][i], 0], k);
      yield it[i] = [k, v];
    }
    struct[anno.it] = it;
  }
};
function member(memberSchema, memberName) {
  if (memberSchema instanceof NormalizedSchema) {
    return Object.assign(memberSchema, {
      memberName,
      _isMemberSchema: true
    });
  }
  const internalCtorAccess = NormalizedSchema;
  return new internalCtorAccess(memberSchema, memberName);
}
var isMemberSchema = (sc) => Array.isArray(sc) && sc.length === 2;
var isStaticSchema = (sc) => Array.isArray(sc) && sc.length >= 5;

// node_modules/@smithy/core/dist-es/submodules/schema/TypeRegistry.js
var TypeRegistry = class _TypeRegistry {
  namespace;
  schemas;
  exceptions;
  static registries = /* @__PURE__ */ new Map();
  constructor(namespace, schemas = /* @__PURE__ */ new Map(), exceptions = /* @__PURE__ */ new Map()) {
    this.namespace = namespace;
    this.schemas = schemas;
    this.exceptions = exceptions;
    if (!_TypeRegistry.registries.has(namespace)) {
      _TypeRegistry.registries.set(namespace, this);
    }
  }
  static for(namespace) {
    return _TypeRegistry.registries.get(namespace) ?? new _TypeRegistry(namespace);
  }
  copyFrom(other) {
    const { schemas, exceptions } = this;
    for (const [k, v] of other.schemas) {
      if (!schemas.has(k)) {
        schemas.set(k, v);
      }
    }
    for (const [k, v] of other.exceptions) {
      if (!exceptions.has(k)) {
        exceptions.set(k, v);
      }
    }
  }
  register(shapeId, schema) {
    const qualifiedName = this.normalizeShapeId(shapeId);
    for (const r of [this, _TypeRegistry.for(qualifiedName.split("#")[0])]) {
      if (!r.schemas.has(qualifiedName)) {
        r.schemas.set(qualifiedName, schema);
      }
    }
  }
  getSchema(shapeId) {
    const id = this.normalizeShapeId(shapeId);
    if (!this.schemas.has(id)) {
      if (!shapeId.includes("#")) {
        const suffix = "#" + shapeId;
        const candidates = [];
        for (const [shapeId2, schema] of this.schemas.entries()) {
          if (shapeId2.endsWith(suffix)) {
            candidates.push(schema);
          }
        }
        if (candidates.length === 1) {
          return candidates[0];
        }
      }
      throw new Error(`@smithy/core/schema - schema not found for ${id}`);
    }
    return this.schemas.get(id);
  }
  registerError(es, ctor) {
    const $error = es;
    const ns = $error[1];
    const qualifiedName = ns + "#" + $error[2];
    if (!ctor.hasOwnProperty?.("shapeId")) {
      ctor.shapeId = qualifiedName;
    }
    for (const r of [this, _TypeRegistry.for(ns)]) {
      if (!r.schemas.has(qualifiedName) && !r.exceptions.has($error)) {
        r.schemas.set(qualifiedName, $error);
        r.exceptions.set($error, ctor);
      }
    }
  }
  getErrorCtor(es) {
    const $error = es;
    if (this.exceptions.has($error)) {
      return this.exceptions.get($error);
    }
    const registry = _TypeRegistry.for($error[1]);
    return registry.exceptions.get($error);
  }
  getBaseException() {
    for (const exceptionKey of this.exceptions.keys()) {
      if (Array.isArray(exceptionKey)) {
        const [, ns, name] = exceptionKey;
        const id = ns + "#" + name;
        if (id.startsWith("smithy.ts.sdk.synthetic.") && id.endsWith("ServiceException")) {
          return exceptionKey;
        }
      }
    }
    return void 0;
  }
  find(predicate) {
    for (const schema of this.schemas.values()) {
      if (predicate(schema)) {
        return schema;
      }
    }
    return void 0;
  }
  clear() {
    this.schemas.clear();
    this.exceptions.clear();
  }
  normalizeShapeId(shapeId) {
    if (shapeId.includes("#")) {
      return shapeId;
    }
    return this.namespace + "#" + shapeId;
  }
};

// node_modules/@smithy/core/dist-es/submodules/serde/is-array-buffer/is-array-buffer.js
var isArrayBuffer = (arg) => typeof ArrayBuffer === "function" && arg instanceof ArrayBuffer || Object.prototype.toString.call(arg) === "[object ArrayBuffer]";

// node_modules/@smithy/core/dist-es/submodules/serde/util-buffer-from/buffer-from.js
var fromArrayBuffer = (input, offset = 0, length = input.byteLength - offset) => {
  if (!isArrayBuffer(input)) {
    throw new TypeError(`The "input" argument must be ArrayBuffer. Received type ${typeof input} (${input})`);
  }
  return Buffer.from(input, offset, length);
};
var fromString = (input, encoding) => {
  if (typeof input !== "string") {
    throw new TypeError(`The "input" argument must be of type string. Received type ${typeof input} (${input})`);
  }
  return encoding ? Buffer.from(input, encoding) : Buffer.from(input);
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-utf8/fromUtf8.js
var fromUtf8 = (input) => {
  const buf = fromString(input, "utf8");
  return new Uint8Array(buf.buffer, buf.byteOffset, buf.byteLength / Uint8Array.BYTES_PER_ELEMENT);
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-utf8/toUtf8.js
var toUtf8 = (input) => {
  if (typeof input === "string") {
    return input;
  }
  if (typeof input !== "object" || typeof input.byteOffset !== "number" || typeof input.byteLength !== "number") {
    throw new Error("@smithy/util-utf8: toUtf8 encoder function only accepts string | Uint8Array.");
  }
  return fromArrayBuffer(input.buffer, input.byteOffset, input.byteLength).toString("utf8");
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-hex-encoding/hex-encoding.js
var SHORT_TO_HEX = {};
var HEX_TO_SHORT = {};
for (let i = 0; i < 256; i++) {
  let encodedByte = i.toString(16).toLowerCase();
  if (encodedByte.length === 1) {
    encodedByte = `0${encodedByte}`;
  }
  SHORT_TO_HEX[i] = encodedByte;
  HEX_TO_SHORT[encodedByte] = i;
}
function fromHex(encoded) {
  if (encoded.length % 2 !== 0) {
    throw new Error("Hex encoded strings must have an even number length");
  }
  const out = new Uint8Array(encoded.length / 2);
  for (let i = 0; i < encoded.length; i += 2) {
    const encodedByte = encoded.slice(i, i + 2).toLowerCase();
    if (encodedByte in HEX_TO_SHORT) {
      out[i / 2] = HEX_TO_SHORT[encodedByte];
    } else {
      throw new Error(`Cannot decode unrecognized sequence ${encodedByte} as hexadecimal`);
    }
  }
  return out;
}
function toHex(bytes) {
  let out = "";
  for (let i = 0; i < bytes.byteLength; i++) {
    out += SHORT_TO_HEX[bytes[i]];
  }
  return out;
}

// node_modules/@smithy/core/dist-es/submodules/serde/index.js


// node_modules/@smithy/core/dist-es/submodules/serde/util-base64/fromBase64.js
var BASE64_REGEX = /^[A-Za-z0-9+/]*={0,2}$/;
var fromBase64 = (input) => {
  if (input.length * 3 % 4 !== 0) {
    throw new TypeError(`Incorrect padding on base64 string.`);
  }
  if (!BASE64_REGEX.exec(input)) {
    throw new TypeError(`Invalid base64 string.`);
  }
  const buffer = fromString(input, "base64");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-base64/toBase64.js
var toBase64 = (_input) => {
  let input;
  if (typeof _input === "string") {
    input = fromUtf8(_input);
  } else {
    input = _input;
  }
  if (typeof input !== "object" || typeof input.byteOffset !== "number" || typeof input.byteLength !== "number") {
    throw new Error("@smithy/util-base64: toBase64 encoder function only accepts string | Uint8Array.");
  }
  return fromArrayBuffer(input.buffer, input.byteOffset, input.byteLength).toString("base64");
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/blob/Uint8ArrayBlobAdapter.js
function bindUint8ArrayBlobAdapter(toUtf83, fromUtf83, toBase643, fromBase642) {
  return class Uint8ArrayBlobAdapter2 extends Uint8Array {
    static fromString(source, encoding = "utf-8") {
      if (typeof source === "string") {
        if (encoding === "base64") {
          return Uint8ArrayBlobAdapter2.mutate(fromBase642(source));
        }
        return Uint8ArrayBlobAdapter2.mutate(fromUtf83(source));
      }
      throw new Error(`Unsupported conversion from ${typeof source} to Uint8ArrayBlobAdapter.`);
    }
    static mutate(source) {
      Object.setPrototypeOf(source, Uint8ArrayBlobAdapter2.prototype);
      return source;
    }
    transformToString(encoding = "utf-8") {
      if (encoding === "base64") {
        return toBase643(this);
      }
      return toUtf83(this);
    }
  };
}

// node_modules/@smithy/core/dist-es/submodules/serde/uuid/v4.js
var decimalToHex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
function bindV4(getRandomValues2) {
  if (typeof crypto !== "undefined" && typeof crypto.randomUUID === "function") {
    return () => crypto.randomUUID();
  }
  return () => {
    const rnds = new Uint8Array(16);
    getRandomValues2(rnds);
    rnds[6] = rnds[6] & 15 | 64;
    rnds[8] = rnds[8] & 63 | 128;
    return decimalToHex[rnds[0]] + decimalToHex[rnds[1]] + decimalToHex[rnds[2]] + decimalToHex[rnds[3]] + "-" + decimalToHex[rnds[4]] + decimalToHex[rnds[5]] + "-" + decimalToHex[rnds[6]] + decimalToHex[rnds[7]] + "-" + decimalToHex[rnds[8]] + decimalToHex[rnds[9]] + "-" + decimalToHex[rnds[10]] + decimalToHex[rnds[11]] + decimalToHex[rnds[12]] + decimalToHex[rnds[13]] + decimalToHex[rnds[14]] + decimalToHex[rnds[15]];
  };
}

// node_modules/@smithy/core/dist-es/submodules/serde/parse-utils.js
var expectNumber = (value) => {
  if (value === null || value === void 0) {
    return void 0;
  }
  if (typeof value === "string") {
    const parsed = parseFloat(value);
    if (!Number.isNaN(parsed)) {
      if (String(parsed) !== String(value)) {
        logger.warn(stackTraceWarning(`Expected number but observed string: ${value}`));
      }
      return parsed;
    }
  }
  if (typeof value === "number") {
    return value;
  }
  throw new TypeError(`Expected number, got ${typeof value}: ${value}`);
};
var MAX_FLOAT = Math.ceil(2 ** 127 * (2 - 2 ** -23));
var expectFloat32 = (value) => {
  const expected = expectNumber(value);
  if (expected !== void 0 && !Number.isNaN(expected) && expected !== Infinity && expected !== -Infinity) {
    if (Math.abs(expected) > MAX_FLOAT) {
      throw new TypeError(`Expected 32-bit float, got ${value}`);
    }
  }
  return expected;
};
var expectLong = (value) => {
  if (value === null || value === void 0) {
    return void 0;
  }
  if (Number.isInteger(value) && !Number.isNaN(value)) {
    return value;
  }
  throw new TypeError(`Expected integer, got ${typeof value}: ${value}`);
};
var expectShort = (value) => expectSizedInt(value, 16);
var expectByte = (value) => expectSizedInt(value, 8);
var expectSizedInt = (value, size) => {
  const expected = expectLong(value);
  if (expected !== void 0 && castInt(expected, size) !== expected) {
    throw new TypeError(`Expected ${size}-bit integer, got ${value}`);
  }
  return expected;
};
var castInt = (value, size) => {
  switch (size) {
    case 32:
      return Int32Array.of(value)[0];
    case 16:
      return Int16Array.of(value)[0];
    case 8:
      return Int8Array.of(value)[0];
  }
};
var strictParseDouble = (value) => {
  if (typeof value == "string") {
    return expectNumber(parseNumber(value));
  }
  return expectNumber(value);
};
var strictParseFloat32 = (value) => {
  if (typeof value == "string") {
    return expectFloat32(parseNumber(value));
  }
  return expectFloat32(value);
};
var NUMBER_REGEX = /(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(-?Infinity)|(NaN)/g;
var parseNumber = (value) => {
  const matches = value.match(NUMBER_REGEX);
  if (matches === null || matches[0].length !== value.length) {
    throw new TypeError(`Expected real number, got implicit NaN`);
  }
  return parseFloat(value);
};
var strictParseShort = (value) => {
  if (typeof value === "string") {
    return expectShort(parseNumber(value));
  }
  return expectShort(value);
};
var strictParseByte = (value) => {
  if (typeof value === "string") {
    return expectByte(parseNumber(value));
  }
  return expectByte(value);
};
var stackTraceWarning = (message) => {
  return String(new TypeError(message).stack || message).split("\n").slice(0, 5).filter((s) => !s.includes("stackTraceWarning")).join("\n");
};
var logger = {
  warn: console.warn
};

// node_modules/@smithy/core/dist-es/submodules/serde/date-utils.js
var DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
var MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function dateToUtcString(date2) {
  const year2 = date2.getUTCFullYear();
  const month = date2.getUTCMonth();
  const dayOfWeek = date2.getUTCDay();
  const dayOfMonthInt = date2.getUTCDate();
  const hoursInt = date2.getUTCHours();
  const minutesInt = date2.getUTCMinutes();
  const secondsInt = date2.getUTCSeconds();
  const dayOfMonthString = dayOfMonthInt < 10 ? `0${dayOfMonthInt}` : `${dayOfMonthInt}`;
  const hoursString = hoursInt < 10 ? `0${hoursInt}` : `${hoursInt}`;
  const minutesString = minutesInt < 10 ? `0${minutesInt}` : `${minutesInt}`;
  const secondsString = secondsInt < 10 ? `0${secondsInt}` : `${secondsInt}`;
  return `${DAYS[dayOfWeek]}, ${dayOfMonthString} ${MONTHS[month]} ${year2} ${hoursString}:${minutesString}:${secondsString} GMT`;
}
var RFC3339 = new RegExp(/^(\d{4})-(\d{2})-(\d{2})[tT](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?[zZ]$/);
var parseRfc3339DateTime = (value) => {
  if (value === null || value === void 0) {
    return void 0;
  }
  if (typeof value !== "string") {
    throw new TypeError("RFC-3339 date-times must be expressed as strings");
  }
  const match = RFC3339.exec(value);
  if (!match) {
    throw new TypeError("Invalid RFC-3339 date-time value");
  }
  const [_, yearStr, monthStr, dayStr, hours, minutes, seconds, fractionalMilliseconds] = match;
  const year2 = strictParseShort(stripLeadingZeroes(yearStr));
  const month = parseDateValue(monthStr, "month", 1, 12);
  const day = parseDateValue(dayStr, "day", 1, 31);
  return buildDate(year2, month, day, { hours, minutes, seconds, fractionalMilliseconds });
};
var RFC3339_WITH_OFFSET = new RegExp(/^(\d{4})-(\d{2})-(\d{2})[tT](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(([-+]\d{2}:\d{2})|[zZ])$/);
var parseRfc3339DateTimeWithOffset = (value) => {
  if (value === null || value === void 0) {
    return void 0;
  }
  if (typeof value !== "string") {
    throw new TypeError("RFC-3339 date-times must be expressed as strings");
  }
  const match = RFC3339_WITH_OFFSET.exec(value);
  if (!match) {
    throw new TypeError("Invalid RFC-3339 date-time value");
  }
  const [_, yearStr, monthStr, dayStr, hours, minutes, seconds, fractionalMilliseconds, offsetStr] = match;
  const year2 = strictParseShort(stripLeadingZeroes(yearStr));
  const month = parseDateValue(monthStr, "month", 1, 12);
  const day = parseDateValue(dayStr, "day", 1, 31);
  const date2 = buildDate(year2, month, day, { hours, minutes, seconds, fractionalMilliseconds });
  if (offsetStr.toUpperCase() != "Z") {
    date2.setTime(date2.getTime() - parseOffsetToMilliseconds(offsetStr));
  }
  return date2;
};
var IMF_FIXDATE = new RegExp(/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d+))? GMT$/);
var RFC_850_DATE = new RegExp(/^(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), (\d{2})-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(\d{2}) (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d+))? GMT$/);
var ASC_TIME = new RegExp(/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ( [1-9]|\d{2}) (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d+))? (\d{4})$/);
var parseRfc7231DateTime = (value) => {
  if (value === null || value === void 0) {
    return void 0;
  }
  if (typeof value !== "string") {
    throw new TypeError("RFC-7231 date-times must be expressed as strings");
  }
  let match = IMF_FIXDATE.exec(value);
  if (match) {
    const [_, dayStr, monthStr, yearStr, hours, minutes, seconds, fractionalMilliseconds] = match;
    return buildDate(strictParseShort(stripLeadingZeroes(yearStr)), parseMonthByShortName(monthStr), parseDateValue(dayStr, "day", 1, 31), { hours, minutes, seconds, fractionalMilliseconds });
  }
  match = RFC_850_DATE.exec(value);
  if (match) {
    const [_, dayStr, monthStr, yearStr, hours, minutes, seconds, fractionalMilliseconds] = match;
    return adjustRfc850Year(buildDate(parseTwoDigitYear(yearStr), parseMonthByShortName(monthStr), parseDateValue(dayStr, "day", 1, 31), {
      hours,
      minutes,
      seconds,
      fractionalMilliseconds
    }));
  }
  match = ASC_TIME.exec(value);
  if (match) {
    const [_, monthStr, dayStr, hours, minutes, seconds, fractionalMilliseconds, yearStr] = match;
    return buildDate(strictParseShort(stripLeadingZeroes(yearStr)), parseMonthByShortName(monthStr), parseDateValue(dayStr.trimLeft(), "day", 1, 31), { hours, minutes, seconds, fractionalMilliseconds });
  }
  throw new TypeError("Invalid RFC-7231 date-time value");
};
var parseEpochTimestamp = (value) => {
  if (value === null || value === void 0) {
    return void 0;
  }
  let valueAsDouble;
  if (typeof value === "number") {
    valueAsDouble = value;
  } else if (typeof value === "string") {
    valueAsDouble = strictParseDouble(value);
  } else if (typeof value === "object" && value.tag === 1) {
    valueAsDouble = value.value;
  } else {
    throw new TypeError("Epoch timestamps must be expressed as floating point numbers or their string representation");
  }
  if (Number.isNaN(valueAsDouble) || valueAsDouble === Infinity || valueAsDouble === -Infinity) {
    throw new TypeError("Epoch timestamps must be valid, non-Infinite, non-NaN numerics");
  }
  return new Date(Math.round(valueAsDouble * 1e3));
};
var buildDate = (year2, month, day, time2) => {
  const adjustedMonth = month - 1;
  validateDayOfMonth(year2, adjustedMonth, day);
  return new Date(Date.UTC(year2, adjustedMonth, day, parseDateValue(time2.hours, "hour", 0, 23), parseDateValue(time2.minutes, "minute", 0, 59), parseDateValue(time2.seconds, "seconds", 0, 60), parseMilliseconds(time2.fractionalMilliseconds)));
};
var parseTwoDigitYear = (value) => {
  const thisYear = (/* @__PURE__ */ new Date()).getUTCFullYear();
  const valueInThisCentury = Math.floor(thisYear / 100) * 100 + strictParseShort(stripLeadingZeroes(value));
  if (valueInThisCentury < thisYear) {
    return valueInThisCentury + 100;
  }
  return valueInThisCentury;
};
var FIFTY_YEARS_IN_MILLIS = 50 * 365 * 24 * 60 * 60 * 1e3;
var adjustRfc850Year = (input) => {
  if (input.getTime() - (/* @__PURE__ */ new Date()).getTime() > FIFTY_YEARS_IN_MILLIS) {
    return new Date(Date.UTC(input.getUTCFullYear() - 100, input.getUTCMonth(), input.getUTCDate(), input.getUTCHours(), input.getUTCMinutes(), input.getUTCSeconds(), input.getUTCMilliseconds()));
  }
  return input;
};
var parseMonthByShortName = (value) => {
  const monthIdx = MONTHS.indexOf(value);
  if (monthIdx < 0) {
    throw new TypeError(`Invalid month: ${value}`);
  }
  return monthIdx + 1;
};
var DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
var validateDayOfMonth = (year2, month, day) => {
  let maxDays = DAYS_IN_MONTH[month];
  if (month === 1 && isLeapYear(year2)) {
    maxDays = 29;
  }
  if (day > maxDays) {
    throw new TypeError(`Invalid day for ${MONTHS[month]} in ${year2}: ${day}`);
  }
};
var isLeapYear = (year2) => {
  return year2 % 4 === 0 && (year2 % 100 !== 0 || year2 % 400 === 0);
};
var parseDateValue = (value, type, lower, upper) => {
  const dateVal = strictParseByte(stripLeadingZeroes(value));
  if (dateVal < lower || dateVal > upper) {
    throw new TypeError(`${type} must be between ${lower} and ${upper}, inclusive`);
  }
  return dateVal;
};
var parseMilliseconds = (value) => {
  if (value === null || value === void 0) {
    return 0;
  }
  return strictParseFloat32("0." + value) * 1e3;
};
var parseOffsetToMilliseconds = (value) => {
  const directionStr = value[0];
  let direction = 1;
  if (directionStr == "+") {
    direction = 1;
  } else if (directionStr == "-") {
    direction = -1;
  } else {
    throw new TypeError(`Offset direction, ${directionStr}, must be "+" or "-"`);
  }
  const hour = Number(value.substring(1, 3));
  const minute = Number(value.substring(4, 6));
  return direction * (hour * 60 + minute) * 60 * 1e3;
};
var stripLeadingZeroes = (value) => {
  let idx = 0;
  while (idx < value.length - 1 && value.charAt(idx) === "0") {
    idx++;
  }
  if (idx === 0) {
    return value;
  }
  return value.slice(idx);
};

// node_modules/@smithy/core/dist-es/submodules/serde/lazy-json.js
var LazyJsonString = function LazyJsonString2(val) {
  const str = Object.assign(new String(val), {
    deserializeJSON() {
      return JSON.parse(String(val));
    },
    toString() {
      return String(val);
    },
    toJSON() {
      return String(val);
    }
  });
  return str;
};
LazyJsonString.from = (object) => {
  if (object && typeof object === "object" && (object instanceof LazyJsonString || "deserializeJSON" in object)) {
    return object;
  } else if (typeof object === "string" || Object.getPrototypeOf(object) === String.prototype) {
    return LazyJsonString(String(object));
  }
  return LazyJsonString(JSON.stringify(object));
};
LazyJsonString.fromObject = LazyJsonString.from;

// node_modules/@smithy/core/dist-es/submodules/serde/quote-header.js
function quoteHeader(part) {
  if (part.includes(",") || part.includes('"')) {
    part = `"${part.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
  }
  return part;
}

// node_modules/@smithy/core/dist-es/submodules/serde/schema-serde-lib/schema-date-utils.js
var ddd = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:[ne|u?r]?s?day)?`;
var mmm = `(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`;
var time = `(\\d?\\d):(\\d{2}):(\\d{2})(?:\\.(\\d+))?`;
var date = `(\\d?\\d)`;
var year = `(\\d{4})`;
var RFC3339_WITH_OFFSET2 = new RegExp(/^(\d{4})-(\d\d)-(\d\d)[tT](\d\d):(\d\d):(\d\d)(\.(\d+))?(([-+]\d\d:\d\d)|[zZ])$/);
var IMF_FIXDATE_NATIVE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?:0[1-9]|[12]\d|3[01]) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [1-9]\d{3} (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d GMT$/;
var IMF_FIXDATE2 = new RegExp(`^${ddd}, ${date} ${mmm} ${year} ${time} GMT$`);
var RFC_850_DATE2 = new RegExp(`^${ddd}, ${date}-${mmm}-(\\d\\d) ${time} GMT$`);
var ASC_TIME2 = new RegExp(`^${ddd} ${mmm} ( [1-9]|\\d\\d) ${time} ${year}$`);
var months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
var _parseEpochTimestamp = (value) => {
  if (value == null) {
    return void 0;
  }
  let num = NaN;
  if (typeof value === "number") {
    num = value;
  } else if (typeof value === "string") {
    if (!/^-?\d*\.?\d+$/.test(value)) {
      throw new TypeError(`parseEpochTimestamp - numeric string invalid.`);
    }
    num = Number.parseFloat(value);
  } else if (typeof value === "object" && value.tag === 1) {
    num = value.value;
  }
  if (isNaN(num) || Math.abs(num) === Infinity) {
    throw new TypeError("Epoch timestamps must be valid finite numbers.");
  }
  return new Date(Math.round(num * 1e3));
};
var _parseRfc3339DateTimeWithOffset = (value) => {
  if (value == null) {
    return void 0;
  }
  if (typeof value !== "string") {
    throw new TypeError("RFC3339 timestamps must be strings");
  }
  const matches = RFC3339_WITH_OFFSET2.exec(value);
  if (!matches) {
    throw new TypeError(`Invalid RFC3339 timestamp format ${value}`);
  }
  const [, yearStr, monthStr, dayStr, hours, minutes, seconds, , ms, offsetStr] = matches;
  range(monthStr, 1, 12);
  range(dayStr, 1, 31);
  range(hours, 0, 23);
  range(minutes, 0, 59);
  range(seconds, 0, 60);
  const date2 = new Date(Date.UTC(Number(yearStr), Number(monthStr) - 1, Number(dayStr), Number(hours), Number(minutes), Number(seconds), Number(ms) ? Math.round(parseFloat(`0.${ms}`) * 1e3) : 0));
  date2.setUTCFullYear(Number(yearStr));
  if (offsetStr.toUpperCase() != "Z") {
    const [, sign, offsetH, offsetM] = /([+-])(\d\d):(\d\d)/.exec(offsetStr) || [void 0, "+", 0, 0];
    const scalar = sign === "-" ? 1 : -1;
    date2.setTime(date2.getTime() + scalar * (Number(offsetH) * 60 * 60 * 1e3 + Number(offsetM) * 60 * 1e3));
  }
  return date2;
};
var _parseRfc7231DateTime = (value) => {
  if (value == null) {
    return void 0;
  }
  if (typeof value !== "string") {
    throw new TypeError("RFC7231 timestamps must be strings.");
  }
  if (IMF_FIXDATE_NATIVE.test(value)) {
    return new Date(value);
  }
  let day;
  let month;
  let year2;
  let hour;
  let minute;
  let second;
  let fraction;
  let matches;
  if (matches = IMF_FIXDATE2.exec(value)) {
    [, day, month, year2, hour, minute, second, fraction] = matches;
  } else if (matches = RFC_850_DATE2.exec(value)) {
    [, day, month, year2, hour, minute, second, fraction] = matches;
    year2 = (Number(year2) + 1900).toString();
  } else if (matches = ASC_TIME2.exec(value)) {
    [, month, day, hour, minute, second, fraction, year2] = matches;
  }
  if (year2 && second) {
    const timestamp = Date.UTC(Number(year2), months.indexOf(month), Number(day), Number(hour), Number(minute), Number(second), fraction ? Math.round(parseFloat(`0.${fraction}`) * 1e3) : 0);
    range(day, 1, 31);
    range(hour, 0, 23);
    range(minute, 0, 59);
    range(second, 0, 60);
    const date2 = new Date(timestamp);
    date2.setUTCFullYear(Number(year2));
    return date2;
  }
  throw new TypeError(`Invalid RFC7231 date-time value ${value}.`);
};
function range(v, min, max) {
  const _v = Number(v);
  if (_v < min || _v > max) {
    throw new Error(`Value ${_v} out of range [${min}, ${max}]`);
  }
}

// node_modules/@smithy/core/dist-es/submodules/serde/split-every.js
function splitEvery(value, delimiter, numDelimiters) {
  if (numDelimiters <= 0 || !Number.isInteger(numDelimiters)) {
    throw new Error("Invalid number of delimiters (" + numDelimiters + ") for splitEvery.");
  }
  const segments = value.split(delimiter);
  if (numDelimiters === 1) {
    return segments;
  }
  const compoundSegments = [];
  let currentSegment = "";
  for (let i = 0; i < segments.length; i++) {
    if (currentSegment === "") {
      currentSegment = segments[i];
    } else {
      currentSegment += delimiter + segments[i];
    }
    if ((i + 1) % numDelimiters === 0) {
      compoundSegments.push(currentSegment);
      currentSegment = "";
    }
  }
  if (currentSegment !== "") {
    compoundSegments.push(currentSegment);
  }
  return compoundSegments;
}

// node_modules/@smithy/core/dist-es/submodules/serde/split-header.js
var splitHeader = (value) => {
  const z = value.length;
  const values = [];
  let withinQuotes = false;
  let escaped = false;
  let anchor = 0;
  for (let i = 0; i < z; ++i) {
    const char = value[i];
    switch (char) {
      case `"`:
        if (!escaped) {
          withinQuotes = !withinQuotes;
        }
        break;
      case ",":
        if (!withinQuotes) {
          values.push(value.slice(anchor, i));
          anchor = i + 1;
        }
        break;
      default:
    }
    escaped = char === "\\" && !escaped;
  }
  values.push(value.slice(anchor));
  return values.map((v) => {
    v = v.trim();
    const z2 = v.length;
    if (z2 < 2) {
      return v;
    }
    if (v[0] === `"` && v[z2 - 1] === `"`) {
      v = v.slice(1, z2 - 1);
      return v.replace(/\\(["\\])/g, "$1");
    }
    return v.replace(/\\"/g, '"');
  });
};

// node_modules/@smithy/core/dist-es/submodules/serde/value/NumericValue.js
var format = /^-?((0|[1-9]\d*)(\.\d+)?|\.\d+)([eE][+-]?\d+)?$/;
var NumericValue = class _NumericValue {
  string;
  type;
  constructor(string, type) {
    this.string = string;
    this.type = type;
    if (!format.test(string)) {
      throw new Error(`@smithy/core/serde - NumericValue string must conform to the Smithy bigDecimal format. Received: "${string}"`);
    }
  }
  toString() {
    return this.string;
  }
  static [Symbol.hasInstance](object) {
    if (!object || typeof object !== "object") {
      return false;
    }
    const _nv = object;
    return _NumericValue.prototype.isPrototypeOf(object) || _nv.type === "bigDecimal" && format.test(_nv.string);
  }
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-body-length/calculateBodyLength.js

var calculateBodyLength = (body) => {
  if (!body) {
    return 0;
  }
  if (typeof body === "string") {
    return Buffer.byteLength(body);
  } else if (typeof body.byteLength === "number") {
    return body.byteLength;
  } else if (typeof body.size === "number") {
    return body.size;
  } else if (typeof body.start === "number" && typeof body.end === "number") {
    return body.end + 1 - body.start;
  } else if (body instanceof node_fs__WEBPACK_IMPORTED_MODULE_1__.ReadStream) {
    if (body.path != null) {
      return (0,node_fs__WEBPACK_IMPORTED_MODULE_1__.lstatSync)(body.path).size;
    } else if (typeof body.fd === "number") {
      return (0,node_fs__WEBPACK_IMPORTED_MODULE_1__.fstatSync)(body.fd).size;
    }
  }
  throw new Error(`Body Length computation failed for ${body}`);
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-utf8/toUint8Array.js
var toUint8Array = (data) => {
  if (data instanceof Uint8Array) {
    return data;
  }
  if (typeof data === "string") {
    return fromUtf8(data);
  }
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength / Uint8Array.BYTES_PER_ELEMENT);
  }
  return new Uint8Array(data);
};

// node_modules/@smithy/core/dist-es/submodules/serde/concatBytes.js
function concatBytes(arrays, length) {
  if (length === void 0) {
    length = 0;
    for (const bytes of arrays) {
      length += bytes.byteLength;
    }
  }
  const result = new Uint8Array(length);
  let offset = 0;
  for (const buf of arrays) {
    result.set(buf, offset);
    offset += buf.byteLength;
  }
  return result;
}

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/stream-type-check.js
var isReadableStream = (stream) => typeof ReadableStream === "function" && (stream?.constructor?.name === ReadableStream.name || stream instanceof ReadableStream);
var isBlob = (blob) => {
  return typeof Blob === "function" && (blob?.constructor?.name === Blob.name || blob instanceof Blob);
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-utf8/fromUtf8.browser.js
var fromUtf82 = (input) => new TextEncoder().encode(input);

// node_modules/@smithy/core/dist-es/submodules/serde/util-base64/constants-for-browser.js
var chars = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/`;
var alphabetByEncoding = Object.entries(chars).reduce((acc, [i, c]) => {
  acc[c] = Number(i);
  return acc;
}, {});
var alphabetByValue = chars.split("");
var bitsPerLetter = 6;
var bitsPerByte = 8;
var maxLetterValue = 63;

// node_modules/@smithy/core/dist-es/submodules/serde/util-base64/toBase64.browser.js
function toBase642(_input) {
  let input;
  if (typeof _input === "string") {
    input = fromUtf82(_input);
  } else {
    input = _input;
  }
  const isArrayLike = typeof input === "object" && typeof input.length === "number";
  const isUint8Array = typeof input === "object" && typeof input.byteOffset === "number" && typeof input.byteLength === "number";
  if (!isArrayLike && !isUint8Array) {
    throw new Error("@smithy/util-base64: toBase64 encoder function only accepts string | Uint8Array.");
  }
  let str = "";
  for (let i = 0; i < input.length; i += 3) {
    let bits = 0;
    let bitLength = 0;
    for (let j = i, limit = Math.min(i + 3, input.length); j < limit; j++) {
      bits |= input[j] << (limit - j - 1) * bitsPerByte;
      bitLength += bitsPerByte;
    }
    const bitClusterCount = Math.ceil(bitLength / bitsPerLetter);
    bits <<= bitClusterCount * bitsPerLetter - bitLength;
    for (let k = 1; k <= bitClusterCount; k++) {
      const offset = (bitClusterCount - k) * bitsPerLetter;
      str += alphabetByValue[(bits & maxLetterValue << offset) >> offset];
    }
    str += "==".slice(0, 4 - bitClusterCount);
  }
  return str;
}

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/sdk-stream-mixin.js


// node_modules/@smithy/core/dist-es/submodules/serde/util-utf8/toUtf8.browser.js
var toUtf82 = (input) => {
  if (typeof input === "string") {
    return input;
  }
  if (typeof input !== "object" || typeof input.byteOffset !== "number" || typeof input.byteLength !== "number") {
    throw new Error("@smithy/util-utf8: toUtf8 encoder function only accepts string | Uint8Array.");
  }
  return new TextDecoder("utf-8").decode(input);
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/stream-collector.browser.js
var streamCollector = async (stream) => {
  if (isBlob(stream)) {
    return collectBlob(stream);
  }
  return collectReadableStream(stream);
};
async function collectBlob(blob) {
  return blob.arrayBuffer().then((ab) => new Uint8Array(ab));
}
async function collectReadableStream(stream) {
  const chunks = [];
  const reader = stream.getReader();
  let length = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (value) {
      chunks.push(value);
      length += value.length;
    }
    if (done) {
      break;
    }
  }
  return concatBytes(chunks, length);
}

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/sdk-stream-mixin.browser.js
var ERR_MSG_STREAM_HAS_BEEN_TRANSFORMED = "The stream has already been transformed.";
var sdkStreamMixin = (stream) => {
  if (!isBlobInstance(stream) && !isReadableStream(stream)) {
    const name = stream?.__proto__?.constructor?.name || stream;
    throw new Error(`Unexpected stream implementation, expect Blob or ReadableStream, got ${name}`);
  }
  let transformed = false;
  const transformToByteArray = async () => {
    if (transformed) {
      throw new Error(ERR_MSG_STREAM_HAS_BEEN_TRANSFORMED);
    }
    transformed = true;
    return await streamCollector(stream);
  };
  const blobToWebStream = (blob) => {
    if (typeof blob.stream !== "function") {
      throw new Error("Cannot transform payload Blob to web stream. Please make sure the Blob.stream() is polyfilled.\nIf you are using React Native, this API is not yet supported, see: https://react-native.canny.io/feature-requests/p/fetch-streaming-body");
    }
    return blob.stream();
  };
  return Object.assign(stream, {
    transformToByteArray,
    transformToString: async (encoding) => {
      const buf = await transformToByteArray();
      if (encoding === "base64") {
        return toBase642(buf);
      } else if (encoding === "hex") {
        return toHex(buf);
      } else if (encoding === void 0 || encoding === "utf8" || encoding === "utf-8") {
        return toUtf82(buf);
      } else if (typeof TextDecoder === "function") {
        return new TextDecoder(encoding).decode(buf);
      } else {
        throw new Error("TextDecoder is not available, please make sure polyfill is provided.");
      }
    },
    transformToWebStream: () => {
      if (transformed) {
        throw new Error(ERR_MSG_STREAM_HAS_BEEN_TRANSFORMED);
      }
      transformed = true;
      if (isBlobInstance(stream)) {
        return blobToWebStream(stream);
      } else if (isReadableStream(stream)) {
        return stream;
      } else {
        throw new Error(`Cannot transform payload to web stream, got ${stream}`);
      }
    }
  });
};
var isBlobInstance = (stream) => typeof Blob === "function" && stream instanceof Blob;

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/stream-collector.js

var streamCollector2 = (stream) => {
  if (isBlob(stream)) {
    return collectBlob(stream);
  }
  if (isReadableStream(stream)) {
    return collectReadableStream(stream);
  }
  return new Promise((resolve, reject) => {
    const collector = new Collector();
    const nodeStream = stream;
    nodeStream.pipe(collector);
    nodeStream.on("error", (err) => {
      collector.end();
      reject(err);
    });
    collector.on("error", reject);
    collector.on("finish", function() {
      const bytes = concatBytes(this.bufferedBytes);
      resolve(bytes);
    });
  });
};
var Collector = class extends node_stream__WEBPACK_IMPORTED_MODULE_2__.Writable {
  bufferedBytes = [];
  _write(chunk, encoding, callback) {
    this.bufferedBytes.push(chunk);
    callback();
  }
};

// node_modules/@smithy/core/dist-es/submodules/serde/util-stream/sdk-stream-mixin.js
var ERR_MSG_STREAM_HAS_BEEN_TRANSFORMED2 = "The stream has already been transformed.";
var sdkStreamMixin2 = (stream) => {
  if (!(stream instanceof node_stream__WEBPACK_IMPORTED_MODULE_2__.Readable)) {
    try {
      return sdkStreamMixin(stream);
    } catch (ignored) {
      const name = stream?.__proto__?.constructor?.name || stream;
      throw new Error(`Unexpected stream implementation, expect Stream.Readable instance, got ${name}`);
    }
  }
  let transformed = false;
  const transformToByteArray = async () => {
    if (transformed) {
      throw new Error(ERR_MSG_STREAM_HAS_BEEN_TRANSFORMED2);
    }
    transformed = true;
    return await streamCollector2(stream);
  };
  return Object.assign(stream, {
    transformToByteArray,
    transformToString: async (encoding) => {
      const buf = await transformToByteArray();
      if (encoding === void 0 || Buffer.isEncoding(encoding)) {
        return fromArrayBuffer(buf.buffer, buf.byteOffset, buf.byteLength).toString(encoding);
      } else {
        const decoder = new TextDecoder(encoding);
        return decoder.decode(buf);
      }
    },
    transformToWebStream: () => {
      if (transformed) {
        throw new Error(ERR_MSG_STREAM_HAS_BEEN_TRANSFORMED2);
      }
      if (stream.readableFlowing !== null) {
        throw new Error("The stream has been consumed by other callbacks.");
      }
      if (typeof node_stream__WEBPACK_IMPORTED_MODULE_2__.Readable.toWeb !== "function") {
        throw new Error("Readable.toWeb() is not supported. Please ensure a polyfill is available.");
      }
      transformed = true;
      return node_stream__WEBPACK_IMPORTED_MODULE_2__.Readable.toWeb(stream);
    }
  });
};

// node_modules/@smithy/core/dist-es/submodules/serde/writeKey.js
function writeKey(obj) {
  Object.defineProperty(obj, "__proto__", { value: void 0, writable: true, enumerable: true, configurable: true });
}

// node_modules/@smithy/core/dist-es/submodules/serde/index.js
var Uint8ArrayBlobAdapter = class extends bindUint8ArrayBlobAdapter(toUtf8, fromUtf8, toBase64, fromBase64) {
};
var _getRandomValues = node_crypto__WEBPACK_IMPORTED_MODULE_0__.getRandomValues;
var v4 = bindV4(_getRandomValues);
var generateIdempotencyToken = v4;




/***/ }),

/***/ 8746:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {


// EXPORTS
__nccwpck_require__.d(__webpack_exports__, {
  Xt: () => (/* binding */ InvalidInputsError),
  By: () => (/* binding */ RemedyError),
  Ko: () => (/* binding */ StoppedError),
  H6: () => (/* binding */ ValiError),
  ci: () => (/* binding */ addressOf),
  _L: () => (/* binding */ allLayers),
  YO: () => (/* binding */ array),
  CK: () => (/* binding */ attributeName),
  H2: () => (/* binding */ attributeType),
  zM: () => (/* binding */ MHPL2HJH_boolean),
  z6: () => (/* binding */ check),
  pF: () => (/* binding */ cleaningRun),
  U9: () => (/* binding */ count),
  p6: () => (/* binding */ date),
  MI: () => (/* binding */ declarationOf),
  UA: () => (/* binding */ declaredBuilds),
  dA: () => (/* binding */ defaultTenantKey),
  Ow: () => (/* binding */ defineEverywhere),
  Zx: () => (/* binding */ defineTables),
  uI: () => (/* binding */ deletionProtection),
  Ce: () => (/* binding */ describeKeyStatement),
  mC: () => (/* binding */ describeKeys),
  Lq: () => (/* binding */ describeOtherEnvironment),
  xX: () => (/* binding */ describeRecovery),
  h_: () => (/* binding */ description),
  b6: () => (/* binding */ environmentNamed),
  iF: () => (/* binding */ environmentNames),
  ab: () => (/* binding */ environmentTag),
  bQ: () => (/* binding */ findSimilar),
  MV: () => (/* binding */ findSimilarWords),
  Bu: () => (/* binding */ getDotPath),
  LT: () => (/* binding */ indexBuild),
  O7: () => (/* binding */ indexesOf),
  yF: () => (/* binding */ isManaged),
  l$: () => (/* binding */ isOfOtherEnvironment),
  B1: () => (/* binding */ isOutcomeUnknown),
  IN: () => (/* binding */ isReservedKey),
  gj: () => (/* binding */ isSameEnvironment),
  my: () => (/* binding */ isTagText),
  H8: () => (/* binding */ keyArn),
  w: () => (/* binding */ layersOf),
  XT: () => (/* binding */ listSome),
  eu: () => (/* binding */ literal),
  bs: () => (/* binding */ longestRunSeconds),
  B2: () => (/* binding */ managedByTag),
  Ru: () => (/* binding */ maxLength),
  J: () => (/* binding */ mergeLayers),
  Bp: () => (/* binding */ minLength),
  de: () => (/* binding */ mostDeclaredTags),
  hp: () => (/* binding */ mostTags),
  _u: () => (/* binding */ namePattern),
  Mp: () => (/* binding */ nameRule),
  $I: () => (/* binding */ nameTables),
  hq: () => (/* binding */ nonEmpty),
  Ik: () => (/* binding */ object),
  lq: () => (/* binding */ optional),
  qF: () => (/* binding */ parseJson),
  ti: () => (/* binding */ partitionKeyOf),
  KI: () => (/* binding */ picklist),
  Fs: () => (/* binding */ pipe),
  LS: () => (/* binding */ plural),
  _w: () => (/* binding */ pointInTimeRecovery),
  qo: () => (/* binding */ properties),
  vJ: () => (/* binding */ propertyNamed),
  hD: () => (/* binding */ quote),
  g1: () => (/* binding */ record),
  yG: () => (/* binding */ regex),
  xL: () => (/* binding */ safeParse),
  ml: () => (/* binding */ shorten),
  Ul: () => (/* binding */ sortBy),
  w1: () => (/* binding */ startsWith),
  $: () => (/* binding */ stoppedBy),
  re: () => (/* binding */ strictObject),
  Yj: () => (/* binding */ string),
  VZ: () => (/* binding */ systemClock),
  cU: () => (/* binding */ tableArn),
  LE: () => (/* binding */ tagCharacters),
  EZ: () => (/* binding */ tagValue),
  _A: () => (/* binding */ tags),
  KC: () => (/* binding */ union),
  Wh: () => (/* binding */ unlessAborted),
  sm: () => (/* binding */ valuesOf),
  Ox: () => (/* binding */ variant),
  RK: () => (/* binding */ visible),
  iP: () => (/* binding */ withinDeadline),
  NH: () => (/* binding */ withinSeconds)
});

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __nccwpck_require__(7598);
;// CONCATENATED MODULE: external "node:timers/promises"
const promises_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:timers/promises");
;// CONCATENATED MODULE: ./lib/bundle/MHPL2HJH.js
// lib/src/text/readable.js
function visible(value) {
  return value.replace(/[\p{C}\p{DI}\p{Me}\u2800]|(?! )\p{Z}|(?<=\p{M}{4})\p{M}|^\p{M}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
var longest = 256;
function shorten(value, most = longest) {
  return value.length > most ? `${value.slice(0, most).replace(/[\ud800-\udbff]$/, "")}\u2026 (${value.length} characters)` : value;
}
function count(number2, noun) {
  return `${number2} ${number2 === 1 ? noun : plural(noun)}`;
}
function plural(noun) {
  return `${noun}${noun.endsWith("x") ? "es" : "s"}`;
}
function listSome(items, most, noun) {
  const more = items.length - most;
  return `${items.slice(0, most).join(", ")}${more > 0 ? ` and ${count(more, noun)}` : ""}`;
}
function quote(value) {
  return value.length > 120 ? `${JSON.stringify(value.slice(0, 120))}\u2026 (${value.length} characters)` : JSON.stringify(value);
}

// lib/src/errors/errors.js
var _a;
var RemedyError = class extends Error {
  name = "RemedyError";
  remedy;
  facts;
  /** IAM policy statements, as JSON, that would have allowed the denied call. */
  statements;
  /** The failed write may have taken effect: it was sent, and no refusal came back. */
  isOutcomeUnknown;
  constructor(message, remedy, { facts = [], statements = [], isOutcomeUnknown: isOutcomeUnknown2 = false, ...options } = {}) {
    super(message, options);
    this.remedy = remedy;
    this.facts = facts;
    this.statements = statements;
    this.isOutcomeUnknown = isOutcomeUnknown2;
  }
};
function isOutcomeUnknown(error) {
  return !(error instanceof RemedyError) || error.isOutcomeUnknown;
}
var InvalidInputsError = class extends Error {
  name = "InvalidInputsError";
  problems;
  constructor(problems) {
    super(`The inputs have ${count(problems.length, "problem")}.`);
    this.problems = problems;
  }
};
var StoppedError = class extends RemedyError {
  name = "StoppedError";
  /** Returns a copy whose cause is the last failure before the stop. */
  after(cause) {
    return this.#copy({ cause });
  }
  /** Makes a copy for a write that was sent and has no response. */
  withUnknownOutcome() {
    return this.#copy({ isOutcomeUnknown: true });
  }
  /**
   * Makes a copy that also names what the run was waiting for when it had to stop.
   *
   * @param remedy an additional remedy, for that wait
   */
  whileWaitingFor(what, remedy) {
    const remedies = remedy === void 0 ? this.remedy : `${this.remedy} ${remedy}`;
    return this.#copy({ message: `${this.message} It was waiting for ${what}.`, remedy: remedies });
  }
  #copy(changes) {
    const { message, remedy, cause, isOutcomeUnknown: isOutcomeUnknown2 } = this;
    const copied = { message, remedy, cause, isOutcomeUnknown: isOutcomeUnknown2, ...changes };
    return new _a(copied.message, copied.remedy, copied);
  }
};
_a = StoppedError;
function stoppedBy(reason, waitingFor, { cause, remedy } = {}) {
  if (!(reason instanceof StoppedError))
    return reason;
  const stopped = cause === void 0 || cause === reason ? reason : reason.after(cause);
  return stopped.whileWaitingFor(waitingFor, remedy);
}

// node_modules/valibot/dist/index.mjs
var store$4;
var DEFAULT_CONFIG = {
  lang: void 0,
  message: void 0,
  abortEarly: void 0,
  abortPipeEarly: void 0
};
// @__NO_SIDE_EFFECTS__
function getGlobalConfig(config$1) {
  if (!config$1 && !store$4) return DEFAULT_CONFIG;
  return {
    lang: config$1?.lang ?? store$4?.lang,
    message: config$1?.message,
    abortEarly: config$1?.abortEarly ?? store$4?.abortEarly,
    abortPipeEarly: config$1?.abortPipeEarly ?? store$4?.abortPipeEarly
  };
}
var store$3;
// @__NO_SIDE_EFFECTS__
function getGlobalMessage(lang) {
  return store$3?.get(lang);
}
var store$2;
// @__NO_SIDE_EFFECTS__
function getSchemaMessage(lang) {
  return store$2?.get(lang);
}
var store$1;
// @__NO_SIDE_EFFECTS__
function getSpecificMessage(reference, lang) {
  return store$1?.get(reference)?.get(lang);
}
// @__NO_SIDE_EFFECTS__
function _stringify(input) {
  const type = typeof input;
  if (type === "string") return `"${input}"`;
  if (type === "number" || type === "bigint" || type === "boolean") return `${input}`;
  if (type === "object" || type === "function") return (input && Object.getPrototypeOf(input)?.constructor?.name) ?? "null";
  return type;
}
function _addIssue(context, label, dataset, config$1, other) {
  const input = other && "input" in other ? other.input : dataset.value;
  const expected = other?.expected ?? context.expects ?? null;
  const received = other?.received ?? /* @__PURE__ */ _stringify(input);
  const issue = {
    kind: context.kind,
    type: context.type,
    input,
    expected,
    received,
    message: `Invalid ${label}: ${expected ? `Expected ${expected} but r` : "R"}eceived ${received}`,
    requirement: context.requirement,
    path: other?.path,
    issues: other?.issues,
    lang: config$1.lang,
    abortEarly: config$1.abortEarly,
    abortPipeEarly: config$1.abortPipeEarly
  };
  const isSchema = context.kind === "schema";
  const message$1 = other?.message ?? context.message ?? /* @__PURE__ */ getSpecificMessage(context.reference, issue.lang) ?? (isSchema ? /* @__PURE__ */ getSchemaMessage(issue.lang) : null) ?? config$1.message ?? /* @__PURE__ */ getGlobalMessage(issue.lang);
  if (message$1 !== void 0) issue.message = typeof message$1 === "function" ? message$1(issue) : message$1;
  if (isSchema) dataset.typed = false;
  if (dataset.issues) dataset.issues.push(issue);
  else dataset.issues = [issue];
}
// @__NO_SIDE_EFFECTS__
function _isSameValueZero(value1, value2) {
  return value1 === value2 || Number.isNaN(value1) && Number.isNaN(value2);
}
// @__NO_SIDE_EFFECTS__
function _isValidObjectKey(object$1, key) {
  return Object.prototype.hasOwnProperty.call(object$1, key) && key !== "__proto__" && key !== "prototype" && key !== "constructor";
}
// @__NO_SIDE_EFFECTS__
function _joinExpects(values$1, separator) {
  const list = [...new Set(values$1)];
  if (list.length > 1) return `(${list.join(` ${separator} `)})`;
  return list[0] ?? "never";
}
function _standardSchema(schema) {
  schema["~standard"] = {
    version: 1,
    vendor: "valibot",
    validate: (value$1) => schema["~run"]({ value: value$1 }, /* @__PURE__ */ getGlobalConfig())
  };
  return schema;
}
// @__NO_SIDE_EFFECTS__
function getDotPath(issue) {
  if (issue.path) {
    let key = "";
    for (const item of issue.path) if (typeof item.key === "string" || typeof item.key === "number") if (key) key += `.${item.key}`;
    else key += item.key;
    else return null;
    return key;
  }
  return null;
}
var ValiError = class extends Error {
  /**
  * Creates a Valibot error with useful information.
  *
  * @param issues The error issues.
  */
  constructor(issues) {
    super(issues[0].message);
    this.name = "ValiError";
    this.issues = issues;
  }
};
// @__NO_SIDE_EFFECTS__
function check(requirement, message$1) {
  return {
    kind: "validation",
    type: "check",
    reference: check,
    async: false,
    expects: null,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "input", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function description(description_) {
  return {
    kind: "metadata",
    type: "description",
    reference: description,
    description: description_
  };
}
// @__NO_SIDE_EFFECTS__
function integer(message$1) {
  return {
    kind: "validation",
    type: "integer",
    reference: integer,
    async: false,
    expects: null,
    requirement: Number.isInteger,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement(dataset.value)) _addIssue(this, "integer", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_length",
    reference: maxLength,
    async: false,
    expects: `<=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length > this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function maxValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "max_value",
    reference: maxValue,
    async: false,
    expects: `<=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value <= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minLength(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_length",
    reference: minLength,
    async: false,
    expects: `>=${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length < this.requirement) _addIssue(this, "length", dataset, config$1, { received: `${dataset.value.length}` });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function minValue(requirement, message$1) {
  return {
    kind: "validation",
    type: "min_value",
    reference: minValue,
    async: false,
    expects: `>=${requirement instanceof Date ? requirement.toJSON() : /* @__PURE__ */ _stringify(requirement)}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !(dataset.value >= this.requirement)) _addIssue(this, "value", dataset, config$1, { received: dataset.value instanceof Date ? dataset.value.toJSON() : /* @__PURE__ */ _stringify(dataset.value) });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function nonEmpty(message$1) {
  return {
    kind: "validation",
    type: "non_empty",
    reference: nonEmpty,
    async: false,
    expects: "!0",
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && dataset.value.length === 0) _addIssue(this, "length", dataset, config$1, { received: "0" });
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function parseJson(config$1, message$1) {
  return {
    kind: "transformation",
    type: "parse_json",
    reference: parseJson,
    config: config$1,
    message: message$1,
    async: false,
    "~run"(dataset, config$2) {
      try {
        dataset.value = JSON.parse(dataset.value, this.config?.reviver);
      } catch (error) {
        if (error instanceof Error) {
          _addIssue(this, "JSON", dataset, config$2, { received: `"${error.message}"` });
          dataset.typed = false;
        } else throw error;
      }
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function regex(requirement, message$1) {
  return {
    kind: "validation",
    type: "regex",
    reference: regex,
    async: false,
    expects: `${requirement}`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !this.requirement.test(dataset.value)) _addIssue(this, "format", dataset, config$1);
      return dataset;
    }
  };
}
// @__NO_SIDE_EFFECTS__
function startsWith(requirement, message$1) {
  return {
    kind: "validation",
    type: "starts_with",
    reference: startsWith,
    async: false,
    expects: `"${requirement}"`,
    requirement,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.typed && !dataset.value.startsWith(this.requirement)) _addIssue(this, "start", dataset, config$1, { received: `"${dataset.value.slice(0, this.requirement.length)}"` });
      return dataset;
    }
  };
}
var ABORT_EARLY_CONFIG = { abortEarly: true };
// @__NO_SIDE_EFFECTS__
function getFallback(schema, dataset, config$1) {
  return typeof schema.fallback === "function" ? schema.fallback(dataset, config$1) : schema.fallback;
}
// @__NO_SIDE_EFFECTS__
function getDefault(schema, dataset, config$1) {
  return typeof schema.default === "function" ? schema.default(dataset, config$1) : schema.default;
}
// @__NO_SIDE_EFFECTS__
function array(item, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "array",
    reference: array,
    expects: "Array",
    async: false,
    item,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (Array.isArray(input)) {
        dataset.typed = true;
        dataset.value = [];
        for (let key = 0; key < input.length; key++) {
          const value$1 = input[key];
          const itemDataset = this.item["~run"]({ value: value$1 }, config$1);
          if (itemDataset.issues) {
            const pathItem = {
              type: "array",
              origin: "value",
              input,
              key,
              value: value$1
            };
            for (const issue of itemDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = itemDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!itemDataset.typed) dataset.typed = false;
          dataset.value.push(itemDataset.value);
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function MHPL2HJH_boolean(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "boolean",
    reference: MHPL2HJH_boolean,
    expects: "boolean",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "boolean") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function date(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "date",
    reference: date,
    expects: "Date",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (dataset.value instanceof Date) if (!isNaN(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1, { received: '"Invalid Date"' });
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function literal(literal_, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "literal",
    reference: literal,
    expects: /* @__PURE__ */ _stringify(literal_),
    async: false,
    literal: literal_,
    message: message$1,
    "~run"(dataset, config$1) {
      if (/* @__PURE__ */ _isSameValueZero(dataset.value, this.literal)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function number(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "number",
    reference: number,
    expects: "number",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "number" && !isNaN(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function object(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "object",
    reference: object,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key in this.entries) {
          const valueSchema = this.entries[key];
          if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function optional(wrapped, default_) {
  return _standardSchema({
    kind: "schema",
    type: "optional",
    reference: optional,
    expects: `(${wrapped.expects} | undefined)`,
    async: false,
    wrapped,
    default: default_,
    "~run"(dataset, config$1) {
      if (dataset.value === void 0) {
        if (this.default !== void 0) dataset.value = /* @__PURE__ */ getDefault(this, dataset, config$1);
        if (dataset.value === void 0) {
          dataset.typed = true;
          return dataset;
        }
      }
      return this.wrapped["~run"](dataset, config$1);
    }
  });
}
// @__NO_SIDE_EFFECTS__
function picklist(options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "picklist",
    reference: picklist,
    expects: /* @__PURE__ */ _joinExpects(options.map(_stringify), "|"),
    async: false,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      if (this.options.includes(dataset.value)) dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function record(key, value$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "record",
    reference: record,
    expects: "Object",
    async: false,
    key,
    value: value$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const entryKey in input) if (/* @__PURE__ */ _isValidObjectKey(input, entryKey)) {
          const entryValue = input[entryKey];
          const keyDataset = this.key["~run"]({ value: entryKey }, config$1);
          if (keyDataset.issues) {
            const pathItem = {
              type: "object",
              origin: "key",
              input,
              key: entryKey,
              value: entryValue
            };
            for (const issue of keyDataset.issues) {
              issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = keyDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          const valueDataset = this.value["~run"]({ value: entryValue }, config$1);
          if (valueDataset.issues) {
            const pathItem = {
              type: "object",
              origin: "value",
              input,
              key: entryKey,
              value: entryValue
            };
            for (const issue of valueDataset.issues) {
              if (issue.path) issue.path.unshift(pathItem);
              else issue.path = [pathItem];
              dataset.issues?.push(issue);
            }
            if (!dataset.issues) dataset.issues = valueDataset.issues;
            if (config$1.abortEarly) {
              dataset.typed = false;
              break;
            }
          }
          if (!keyDataset.typed || !valueDataset.typed) dataset.typed = false;
          if (keyDataset.typed) dataset.value[keyDataset.value] = valueDataset.value;
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function strictObject(entries$1, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "strict_object",
    reference: strictObject,
    expects: "Object",
    async: false,
    entries: entries$1,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        dataset.typed = true;
        dataset.value = {};
        for (const key in this.entries) {
          const valueSchema = this.entries[key];
          if (key in input || (valueSchema.type === "exact_optional" || valueSchema.type === "optional" || valueSchema.type === "nullish") && valueSchema.default !== void 0) {
            const value$1 = key in input ? input[key] : /* @__PURE__ */ getDefault(valueSchema);
            const valueDataset = valueSchema["~run"]({ value: value$1 }, config$1);
            if (valueDataset.issues) {
              const pathItem = {
                type: "object",
                origin: "value",
                input,
                key,
                value: value$1
              };
              for (const issue of valueDataset.issues) {
                if (issue.path) issue.path.unshift(pathItem);
                else issue.path = [pathItem];
                dataset.issues?.push(issue);
              }
              if (!dataset.issues) dataset.issues = valueDataset.issues;
              if (config$1.abortEarly) {
                dataset.typed = false;
                break;
              }
            }
            if (!valueDataset.typed) dataset.typed = false;
            dataset.value[key] = valueDataset.value;
          } else if (valueSchema.fallback !== void 0) dataset.value[key] = /* @__PURE__ */ getFallback(valueSchema);
          else if (valueSchema.type !== "exact_optional" && valueSchema.type !== "optional" && valueSchema.type !== "nullish") {
            _addIssue(this, "key", dataset, config$1, {
              input: void 0,
              expected: `"${key}"`,
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            if (config$1.abortEarly) break;
          }
        }
        if (!dataset.issues || !config$1.abortEarly) {
          for (const key in input) if (!Object.prototype.hasOwnProperty.call(this.entries, key)) {
            _addIssue(this, "key", dataset, config$1, {
              input: key,
              expected: "never",
              path: [{
                type: "object",
                origin: "key",
                input,
                key,
                value: input[key]
              }]
            });
            break;
          }
        }
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function string(message$1) {
  return _standardSchema({
    kind: "schema",
    type: "string",
    reference: string,
    expects: "string",
    async: false,
    message: message$1,
    "~run"(dataset, config$1) {
      if (typeof dataset.value === "string") dataset.typed = true;
      else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function _subIssues(datasets) {
  let issues;
  if (datasets) for (const dataset of datasets) if (issues) for (const issue of dataset.issues) issues.push(issue);
  else issues = dataset.issues;
  return issues;
}
// @__NO_SIDE_EFFECTS__
function union(options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "union",
    reference: union,
    expects: /* @__PURE__ */ _joinExpects(options.map((option) => option.expects), "|"),
    async: false,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      let validDataset;
      let typedDatasets;
      let untypedDatasets;
      for (const schema of this.options) {
        const optionDataset = schema["~run"]({ value: dataset.value }, config$1);
        if (optionDataset.typed) if (optionDataset.issues) if (typedDatasets) typedDatasets.push(optionDataset);
        else typedDatasets = [optionDataset];
        else {
          validDataset = optionDataset;
          break;
        }
        else if (untypedDatasets) untypedDatasets.push(optionDataset);
        else untypedDatasets = [optionDataset];
      }
      if (validDataset) return validDataset;
      if (typedDatasets) {
        if (typedDatasets.length === 1) return typedDatasets[0];
        _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(typedDatasets) });
        dataset.typed = true;
      } else if (untypedDatasets?.length === 1) return untypedDatasets[0];
      else _addIssue(this, "type", dataset, config$1, { issues: /* @__PURE__ */ _subIssues(untypedDatasets) });
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function variant(key, options, message$1) {
  return _standardSchema({
    kind: "schema",
    type: "variant",
    reference: variant,
    expects: "Object",
    async: false,
    key,
    options,
    message: message$1,
    "~run"(dataset, config$1) {
      const input = dataset.value;
      if (input && typeof input === "object") {
        let outputDataset;
        let maxDiscriminatorPriority = 0;
        let invalidDiscriminatorKey = this.key;
        let expectedDiscriminators = [];
        const parseOptions = (variant$1, allKeys) => {
          for (const schema of variant$1.options) {
            if (schema.type === "variant") parseOptions(schema, new Set(allKeys).add(schema.key));
            else {
              let keysAreValid = true;
              let currentPriority = 0;
              for (const currentKey of allKeys) {
                const discriminatorSchema = schema.entries[currentKey];
                if (currentKey in input ? discriminatorSchema["~run"]({
                  typed: false,
                  value: input[currentKey]
                }, ABORT_EARLY_CONFIG).issues : discriminatorSchema.type !== "exact_optional" && discriminatorSchema.type !== "optional" && discriminatorSchema.type !== "nullish") {
                  keysAreValid = false;
                  if (invalidDiscriminatorKey !== currentKey && (maxDiscriminatorPriority < currentPriority || maxDiscriminatorPriority === currentPriority && currentKey in input && !(invalidDiscriminatorKey in input))) {
                    maxDiscriminatorPriority = currentPriority;
                    invalidDiscriminatorKey = currentKey;
                    expectedDiscriminators = [];
                  }
                  if (invalidDiscriminatorKey === currentKey) expectedDiscriminators.push(schema.entries[currentKey].expects);
                  break;
                }
                currentPriority++;
              }
              if (keysAreValid) {
                const optionDataset = schema["~run"]({ value: input }, config$1);
                if (!outputDataset || !outputDataset.typed && optionDataset.typed) outputDataset = optionDataset;
              }
            }
            if (outputDataset && !outputDataset.issues) break;
          }
        };
        parseOptions(this, /* @__PURE__ */ new Set([this.key]));
        if (outputDataset) return outputDataset;
        _addIssue(this, "type", dataset, config$1, {
          input: input[invalidDiscriminatorKey],
          expected: /* @__PURE__ */ _joinExpects(expectedDiscriminators, "|"),
          path: [{
            type: "object",
            origin: "value",
            input,
            key: invalidDiscriminatorKey,
            value: input[invalidDiscriminatorKey]
          }]
        });
      } else _addIssue(this, "type", dataset, config$1);
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function pipe(...pipe$1) {
  return _standardSchema({
    ...pipe$1[0],
    pipe: pipe$1,
    "~run"(dataset, config$1) {
      for (const item of pipe$1) if (item.kind !== "metadata") {
        if (dataset.issues && (item.kind === "schema" || item.kind === "transformation")) {
          dataset.typed = false;
          break;
        }
        if (!dataset.issues || !config$1.abortEarly && !config$1.abortPipeEarly) dataset = item["~run"](dataset, config$1);
      }
      return dataset;
    }
  });
}
// @__NO_SIDE_EFFECTS__
function safeParse(schema, input, config$1) {
  const dataset = schema["~run"]({ value: input }, /* @__PURE__ */ getGlobalConfig(config$1));
  return {
    typed: dataset.typed,
    success: !dataset.issues,
    output: dataset.value,
    issues: dataset.issues
  };
}

// lib/src/run/run.js


var systemClock = {
  // Monotonic: waits are measured by it, and must not depend on changes of the machine's clock.
  now: () => Math.round(performance.timeOrigin + performance.now()),
  sleep: async (milliseconds, signal) => {
    try {
      await (0,promises_namespaceObject.setTimeout)(milliseconds, void 0, { signal });
    } catch {
      throw signal.reason;
    }
  },
  random: Math.random,
  uuid: external_node_crypto_.randomUUID
};
var longestRunSeconds = 21600;
var graceMilliseconds = 1e3;
var leaveMilliseconds = 4300;
async function withinDeadline(options, work) {
  const { clock, log, timeoutSeconds, interrupted } = options;
  const stopping = new AbortController();
  const aborting = new AbortController();
  const leaving = new AbortController();
  const ended = new AbortController();
  const stop = (reason) => {
    if (stopping.signal.aborted)
      return;
    stopping.abort(reason);
    actAfter(graceMilliseconds, clock, ended.signal, () => aborting.abort(reason));
    actAfter(leaveMilliseconds, clock, ended.signal, () => leaving.abort(reason));
  };
  const interrupt = () => stop(new StoppedError("The run was cancelled.", "Run it again: it continues where this run stopped."));
  actAfter(timeoutSeconds * 1e3, clock, ended.signal, () => stop(new StoppedError(`The run did not finish within its ${timeoutSeconds} seconds.`, "Run it again: it continues where this run stopped. If it needs longer, raise timeout-seconds.")));
  interrupted.addEventListener("abort", interrupt);
  if (interrupted.aborted)
    interrupt();
  try {
    return await work({ clock, log, stop: stopping.signal, abort: aborting.signal, leave: leaving.signal });
  } finally {
    interrupted.removeEventListener("abort", interrupt);
    ended.abort();
    const over = new StoppedError("The run is over.", "No action is needed.");
    stopping.abort(over);
    aborting.abort(over);
    leaving.abort(over);
  }
}
function actAfter(milliseconds, clock, ended, act) {
  clock.sleep(milliseconds, ended).then(act, () => void 0);
}
function cleaningRun(run) {
  return { ...run, stop: run.leave, abort: run.leave };
}
async function withinSeconds(run, seconds, reason, work) {
  const over = new AbortController();
  const ended = new AbortController();
  actAfter(seconds * 1e3, run.clock, ended.signal, () => over.abort(reason));
  const sooner = (signal) => AbortSignal.any([signal, over.signal]);
  try {
    return await work({ ...run, stop: sooner(run.stop), abort: sooner(run.abort) });
  } finally {
    ended.abort();
  }
}
async function unlessAborted({ abort }, work, waitingFor) {
  abort.throwIfAborted();
  const aborted = new Promise((_, reject) => {
    abort.addEventListener("abort", () => reject(stoppedBy(abort.reason, waitingFor)), { once: true });
  });
  return await Promise.race([work(), aborted]);
}

// lib/src/table/target.js
function isSameEnvironment(left, right) {
  return left.toLowerCase() === right.toLowerCase();
}
var namePattern = /^[a-zA-Z0-9_.-]{3,255}$/;
var nameRule = "3 to 255 letters, digits and _ . - and nothing else";
function tableArn({ account, partition, region }, name) {
  return `arn:${partition}:dynamodb:${region}:${account}:table/${name}`;
}
function addressOf(target, name) {
  return { name, arn: tableArn(target, name) };
}

// lib/src/table/protection.js
function explainProtectionOff(input, state, { target, table }) {
  const { name, production } = target.environment;
  return {
    reason: `${input} is to be off, but for the table "${table}" it is ${state}${production ? `, and "${name}" is a production environment` : ""}.`,
    remedy: `Leave ${input} out of the definition file, or set the input to auto: that keeps it ${production ? "on" : "as it is"}.`
  };
}

// lib/src/table/properties/deletion-protection.js
var removal = "remove-deletion-protection";
var deletionProtection = {
  name: "DeletionProtectionEnabled",
  description: "Deletion protection. On in production; elsewhere off at creation, then unmanaged.",
  schema: MHPL2HJH_boolean(),
  reading: { kind: "described", of: ({ DeletionProtectionEnabled }) => DeletionProtectionEnabled ?? false },
  creation: {
    kind: "in-create-table",
    input: (DeletionProtectionEnabled) => ({ DeletionProtectionEnabled }),
    otherwise: false
  },
  changes: (from, to) => from === to ? [] : [{ kind: "update", from, to, risk: to ? "safe" : { allow: [removal] } }],
  request: ({ name: TableName }, { to }) => ({
    operation: "UpdateTable",
    input: { TableName, DeletionProtectionEnabled: to }
  }),
  settings: (value) => [{ name: "deletion protection", value: value ? "on" : "off" }],
  blockedBy: () => ["replica"],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] },
  protection: {
    isOn: (value) => value,
    inProduction: true,
    off: false,
    input: "deletion-protection",
    removal
  },
  disruptions: [
    {
      name: removal,
      purpose: "to turn it off",
      explain: (situation) => explainProtectionOff("deletion-protection", "on", situation)
    }
  ]
};

// lib/src/table/throughput.js
var units = pipe(number(), integer(), minValue(1));
var throughputSchema = strictObject({ ReadCapacityUnits: units, WriteCapacityUnits: units });
function isSameThroughput(left, right) {
  return left?.ReadCapacityUnits === right.ReadCapacityUnits && left.WriteCapacityUnits === right.WriteCapacityUnits;
}
function describeThroughput({ ReadCapacityUnits: reads, WriteCapacityUnits: writes }) {
  return `${reads} read and ${writes} write units`;
}
var noMaximum = -1;
var maximum = pipe(number(), integer(), minValue(noMaximum), check((most) => most !== 0, "at least 1, or -1 for no maximum"));
var onDemandThroughputSchema = strictObject({
  MaxReadRequestUnits: optional(maximum),
  MaxWriteRequestUnits: optional(maximum)
});
var members = ["MaxReadRequestUnits", "MaxWriteRequestUnits"];
function readOnDemandThroughput(given = {}) {
  return pickMaximums(given, members);
}
function changedMaximums(from, to) {
  const differing = declaredIn(to).filter((member) => maximumIn(from, member) !== to[member]);
  if (differing.length === 0)
    return void 0;
  return { from: pickMaximums(from, differing), to: pickMaximums(to, differing) };
}
function initialMaximums(declared2) {
  const limited = limitedIn(declared2);
  return limited.length === 0 ? void 0 : pickMaximums(declared2, limited);
}
function undeclaredMaximums(observed, declared2 = {}) {
  const undeclared = limitedIn(observed).filter((member) => declared2[member] === void 0);
  return pickMaximums(observed, undeclared);
}
function maximumSettings(value) {
  return declaredIn(value).map((name) => {
    const most = maximumIn(value, name);
    return { name, value: most === noMaximum ? "no maximum" : String(most) };
  });
}
function declaredIn(value) {
  return members.filter((member) => value[member] !== void 0);
}
function limitedIn(value) {
  return members.filter((member) => maximumIn(value, member) !== noMaximum);
}
function maximumIn(value, member) {
  return value[member] ?? noMaximum;
}
function pickMaximums(value, names) {
  return Object.fromEntries(names.map((name) => [name, maximumIn(value, name)]));
}

// lib/src/table/properties/billing-mode.js
var mode = picklist(["PAY_PER_REQUEST", "PROVISIONED"]);
var billingMode = {
  name: "BillingMode",
  description: "On-demand capacity (PAY_PER_REQUEST), or provisioned capacity with its ProvisionedThroughput. A new table is on demand unless ProvisionedThroughput is declared.",
  schema: union([
    literal("PAY_PER_REQUEST"),
    strictObject({
      ProvisionedThroughput: throughputSchema,
      GlobalSecondaryIndexes: optional(array(strictObject({ IndexName: string(), ProvisionedThroughput: throughputSchema })))
    })
  ]),
  declaration: {
    fields: { BillingMode: mode, ProvisionedThroughput: throughputSchema },
    normalize: (fields) => {
      const { BillingMode, ProvisionedThroughput } = fields;
      if (ProvisionedThroughput !== void 0)
        return { ProvisionedThroughput };
      if (BillingMode === "PROVISIONED")
        throw new TypeError("PROVISIONED needs ProvisionedThroughput");
      return BillingMode;
    }
  },
  reading: { kind: "described", of: readBillingMode },
  creation: {
    kind: "in-create-table",
    input: (value) => isProvisioned(value) ? { BillingMode: "PROVISIONED", ProvisionedThroughput: value.ProvisionedThroughput } : { BillingMode: value },
    otherwise: "PAY_PER_REQUEST"
  },
  changes: (from, to, comparison) => {
    if (!isProvisioned(to))
      return isProvisioned(from) ? [{ kind: "update", from, to, risk: "slow" }] : [];
    if (!isProvisioned(from))
      return [switchToProvisioned(to, comparison)];
    if (isSameThroughput(from.ProvisionedThroughput, to.ProvisionedThroughput))
      return [];
    return [{ kind: "update", from: unitsOf(from), to: unitsOf(to), risk: "safe" }];
  },
  request: ({ name: TableName }, change) => ({
    operation: "UpdateTable",
    input: { TableName, ...inputOf(change) }
  }),
  settings: (value) => {
    if (!isProvisioned(value))
      return [{ name: "billing", value }];
    const { ProvisionedThroughput, GlobalSecondaryIndexes = [] } = value;
    return [
      { name: "billing", value: `PROVISIONED, ${describeThroughput(ProvisionedThroughput)}` },
      ...GlobalSecondaryIndexes.map((index) => ({
        group: "units of index",
        name: index.IndexName,
        value: describeThroughput(index.ProvisionedThroughput)
      }))
    ];
  },
  unmanaged: (observed, declared2) => declared2 === void 0 && isProvisioned(observed) ? [{ path: "billingMode", value: `PROVISIONED, ${describeThroughput(observed.ProvisionedThroughput)}` }] : [],
  waits: [
    {
      appliesTo: ({ from, to }) => isProvisioned(from) && isProvisioned(to),
      goal: "change its throughput",
      usual: "1 to 2 s",
      firstPoll: 1,
      timeout: 600
    },
    // Measured on AWS: 60 to 113 s, with and without indexes.
    {
      appliesTo: ({ to }) => isProvisioned(to),
      goal: "change its billing mode to provisioned",
      usual: "1 to 2 minutes",
      firstPoll: 1,
      timeout: 1800
    },
    // Measured on AWS: 107 to 172 s for the first change of a table that was created provisioned, later 2 to 5 s.
    { goal: "change its billing mode", usual: "2 to 3 minutes the first time", firstPoll: 1, timeout: 1800 }
  ],
  blockedBy: () => ["table", "index", "replica"],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] },
  budget: {
    limit: "four changes to on-demand in 24 hours, and four decreases of units a day (UTC), then one an hour",
    isSpent: /^LimitExceededException: .*next (?:update|decrease) can be made at/is
  }
};
function isProvisioned(value) {
  return typeof value === "object";
}
function isSwitchToProvisioned({ declared: declared2, observed }) {
  return isProvisioned(declared2.BillingMode) && observed.BillingMode === "PAY_PER_REQUEST";
}
function readBillingMode({ BillingModeSummary: summary, ProvisionedThroughput = {} }) {
  const name = summary ? summary.BillingMode : "PROVISIONED";
  const { ReadCapacityUnits, WriteCapacityUnits } = ProvisionedThroughput;
  return name === "PROVISIONED" ? { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } } : name;
}
function switchToProvisioned({ ProvisionedThroughput }, { table, declared: declared2, observed }) {
  const { GlobalSecondaryIndexes: declaredIndexes3 = [] } = declared2;
  const indexes = (observed.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => ({
    IndexName,
    ProvisionedThroughput: declaredIndexes3.find((each) => each.IndexName === IndexName)?.ProvisionedThroughput
  }));
  const withoutUnits = indexes.filter((index) => index.ProvisionedThroughput === void 0);
  if (withoutUnits.length > 0) {
    const names = withoutUnits.map(({ IndexName }) => `"${IndexName}"`);
    const [these, them] = names.length === 1 ? ["the index", "it"] : ["the indexes", "them"];
    return {
      kind: "impossible",
      reason: `The table "${table}" is on demand and its definition declares provisioned capacity, but no ProvisionedThroughput for ${these} ${listSome(names, 20, "more index")}. DynamoDB changes the table only together with all of its global indexes.`,
      remedy: `Declare ProvisionedThroughput for ${them} in GlobalSecondaryIndexes, or delete ${them} first. Then run again.`
    };
  }
  const GlobalSecondaryIndexes = indexes;
  const to = { ProvisionedThroughput, ...indexes.length === 0 ? {} : { GlobalSecondaryIndexes } };
  const removed = maximumsOf(observed);
  const warning = `The change of "${table}" to provisioned capacity removes its on-demand maximums: ${listSome(removed, 20, "more maximum")}.`;
  return { kind: "update", from: "PAY_PER_REQUEST", to, risk: "slow", ...removed.length === 0 ? {} : { warning } };
}
function maximumsOf({ OnDemandThroughput, GlobalSecondaryIndexes = [] }) {
  const list = (maximums, of) => maximumSettings(undeclaredMaximums(maximums ?? {})).map(({ name, value }) => `${name} ${value}${of}`);
  return [
    ...list(OnDemandThroughput, ""),
    ...GlobalSecondaryIndexes.flatMap((index) => list(index.OnDemandThroughput, ` of the index "${index.IndexName}"`))
  ];
}
function unitsOf({ ProvisionedThroughput }) {
  return { ProvisionedThroughput };
}
function inputOf({ from, to }) {
  if (!isProvisioned(to))
    return { BillingMode: to };
  const { ProvisionedThroughput, GlobalSecondaryIndexes = [] } = to;
  if (isProvisioned(from))
    return { ProvisionedThroughput };
  const updates = GlobalSecondaryIndexes.map((Update) => ({ Update }));
  return {
    BillingMode: "PROVISIONED",
    ProvisionedThroughput,
    ...updates.length === 0 ? {} : { GlobalSecondaryIndexUpdates: updates }
  };
}

// lib/src/table/indexes.js
function indexesOf(values) {
  const { GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] } = values;
  const read = (isLocal) => (index) => ({
    name: index.IndexName,
    keys: index.KeySchema,
    isLocal
  });
  return [...GlobalSecondaryIndexes.map(read(false)), ...LocalSecondaryIndexes.map(read(true))];
}
function partitionKeyOf(keys) {
  return keys.flatMap(({ AttributeName, KeyType }) => KeyType === "HASH" ? [AttributeName] : []);
}

// lib/src/text/sort.js
function sortBy(items, textOf) {
  return [...items].sort((left, right) => textOf(left) < textOf(right) ? -1 : 1);
}

// lib/src/table/properties/key-schema.js
var longestAttributeName = 255;
var attributeName = pipe(string(), minLength(1), maxLength(longestAttributeName), check((name) => Buffer.byteLength(name) <= longestAttributeName, "a text of at most 255 bytes in UTF-8"));
var attributeType = picklist(["S", "N", "B"]);
var keyMembers = { AttributeName: attributeName, KeyType: picklist(["HASH", "RANGE"]) };
var keyAttribute = strictObject({ ...keyMembers, AttributeType: attributeType });
var keyElements = array(strictObject(keyMembers));
function withTypes(keys, types) {
  return keys.map(({ AttributeName, KeyType }) => {
    const AttributeType = types.get(AttributeName);
    if (AttributeType === void 0)
      throw new TypeError(`${AttributeName} has no type`);
    return { AttributeName, AttributeType, KeyType };
  });
}
var keySchema = {
  name: "KeySchema",
  description: "The primary key: a partition key and at most one sort key. AttributeDefinitions has their types. Fixed at creation.",
  schema: pipe(array(keyAttribute), minLength(1), maxLength(2), check(([first, second]) => first?.KeyType === "HASH" && second?.KeyType !== "HASH" && second?.AttributeName !== first.AttributeName, "one HASH, then at most one RANGE of another name")),
  declaration: {
    fields: { KeySchema: pipe(keyElements, minLength(1), maxLength(2)) },
    normalize: ({ KeySchema }, types) => withTypes(KeySchema, types)
  },
  reading: {
    kind: "described",
    of: ({ KeySchema, AttributeDefinitions }) => readKeys(KeySchema, AttributeDefinitions)
  },
  creation: {
    kind: "in-create-table",
    input: (keys) => ({
      KeySchema: keys.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
      AttributeDefinitions: keys.map(({ AttributeName, AttributeType }) => ({ AttributeName, AttributeType }))
    })
  },
  changes: (from, to, { table }) => describeKeys(from) === describeKeys(to) ? [] : [
    {
      kind: "impossible",
      reason: `The table "${table}" has the key ${describeKeys(from)}, but its definition declares ${describeKeys(to)}. DynamoDB cannot change the key of a table.`,
      remedy: `Choose another table-name-prefix, so that new tables are created beside this one; or move the items elsewhere and delete "${table}" by hand.`
    }
  ],
  settings: (keys) => [{ name: "key", value: describeKeys(keys) }],
  blockedBy: () => [],
  actions: { read: ["dynamodb:DescribeTable"], write: [] }
};
function describeKeys(keys) {
  return keys.map(({ AttributeName, AttributeType }) => `${AttributeName} (${AttributeType})`).join(", ");
}
function readKeys(keys = [], definitions = []) {
  return keys.map(({ AttributeName, KeyType }) => ({
    AttributeName,
    AttributeType: definitions.find((each) => each.AttributeName === AttributeName)?.AttributeType,
    KeyType
  })).sort((left, right) => left.KeyType === right.KeyType ? 0 : left.KeyType === "HASH" ? -1 : 1);
}

// lib/src/table/secondary-index.js
var projection = strictObject({
  ProjectionType: picklist(["ALL", "KEYS_ONLY", "INCLUDE"]),
  NonKeyAttributes: optional(array(attributeName))
});
var indexMembers = {
  IndexName: pipe(string(), regex(namePattern, nameRule)),
  KeySchema: pipe(array(keyAttribute), minLength(1)),
  Projection: projection
};
var declaredIndexMembers = {
  IndexName: indexMembers.IndexName,
  KeySchema: pipe(keyElements, minLength(1)),
  Projection: strictObject({
    ProjectionType: projection.entries.ProjectionType,
    // DynamoDB includes at most 20 attributes in one index.
    NonKeyAttributes: optional(pipe(array(attributeName), minLength(1), maxLength(20)))
  })
};
var declaredIndex = strictObject(declaredIndexMembers);
function normalizeIndex({ IndexName, KeySchema, Projection }, types) {
  return { IndexName, KeySchema: withTypes(KeySchema, types), Projection: orderProjection(Projection) };
}
function hasDistinctNames(indexes) {
  return new Set(indexes.map(({ IndexName }) => IndexName)).size === indexes.length;
}
function sortByName(indexes) {
  return sortBy(indexes, ({ IndexName }) => String(IndexName));
}
function indexesNotIn(indexes, others) {
  const names = others.map(({ IndexName }) => IndexName);
  return indexes.filter(({ IndexName }) => !names.includes(IndexName));
}
function readIndex({ IndexName, KeySchema, Projection }, definitions = []) {
  return {
    IndexName,
    KeySchema: readKeys(KeySchema, definitions),
    Projection: Projection === void 0 ? void 0 : orderProjection(Projection)
  };
}
function orderProjection({ ProjectionType, NonKeyAttributes = [] }) {
  return {
    ProjectionType,
    ...NonKeyAttributes.length === 0 ? {} : { NonKeyAttributes: NonKeyAttributes.toSorted() }
  };
}
function orderIndex({ IndexName, KeySchema, Projection }) {
  return {
    IndexName,
    KeySchema: KeySchema.map(({ AttributeName, AttributeType, KeyType }) => ({
      AttributeName,
      AttributeType,
      KeyType
    })),
    Projection: orderProjection(Projection)
  };
}
function indexInput({ IndexName, KeySchema, Projection }) {
  const { ProjectionType, NonKeyAttributes } = Projection;
  return {
    IndexName,
    KeySchema: KeySchema.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
    Projection: {
      ProjectionType,
      ...NonKeyAttributes === void 0 ? {} : { NonKeyAttributes: [...NonKeyAttributes] }
    }
  };
}
function keyDefinitions(indexes) {
  return indexes.flatMap(({ KeySchema }) => KeySchema.map(({ AttributeName, AttributeType }) => ({ AttributeName, AttributeType })));
}
function isSameIndex(left, right) {
  const fixed = (index) => JSON.stringify({ ...orderIndex(index), IndexName: "" });
  return fixed(left) === fixed(right);
}
function describeIndex({ KeySchema, Projection }) {
  const describe = (type) => KeySchema.filter(({ KeyType }) => KeyType === type).map((key) => describeKeys([key]));
  const keys = [describe("HASH").join(" + "), ...describe("RANGE")];
  return `${keys.join(", ")}; ${describeProjection(Projection)}`;
}
function describeProjection({ ProjectionType, NonKeyAttributes = [] }) {
  switch (ProjectionType) {
    case "ALL":
      return "all attributes";
    case "KEYS_ONLY":
      return "keys only";
    case "INCLUDE":
      return `includes ${NonKeyAttributes.join(", ")}`;
  }
}

// lib/src/table/properties/global-secondary-indexes.js
var mostIndexes = 20;
var throughputMembers = {
  ProvisionedThroughput: optional(throughputSchema),
  OnDemandThroughput: optional(onDemandThroughputSchema)
};
var declaredIndexes = array(strictObject({ ...declaredIndexMembers, ...throughputMembers }));
var indexBuild = {
  usual: "8 to 17 minutes, longer with many items",
  interval: 12,
  timeout: longestRunSeconds
};
var globalSecondaryIndexes = {
  name: "GlobalSecondaryIndexes",
  description: "Global secondary indexes: keys, projection and throughput of each. On an existing table, one is built or deleted after the other.",
  schema: pipe(array(strictObject({ ...indexMembers, ...throughputMembers })), check((indexes) => hasDistinctNames(indexes), "each IndexName once")),
  declaration: {
    fields: { GlobalSecondaryIndexes: declaredIndexes },
    normalize: ({ GlobalSecondaryIndexes }, types) => sortByName(GlobalSecondaryIndexes.map((index) => orderMembers({ ...index, ...normalizeIndex(index, types) })))
  },
  reading: { kind: "described", of: readIndexes },
  creation: {
    kind: "in-create-table",
    input: (indexes) => (
      // DynamoDB refuses an empty list.
      indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes.map(inputOf2), AttributeDefinitions: keyDefinitions(indexes) }
    )
  },
  changes: changesOf,
  request: ({ name: TableName }, change) => ({
    operation: "UpdateTable",
    input: { TableName, ...updateFor(change) }
  }),
  settings: (indexes) => indexes.map((index) => ({ group: "index", name: index.IndexName, value: describeWithThroughput(index) })),
  part: partOf,
  unmanaged: (observed, declared2 = []) => indexesNotIn(observed, declared2).map(({ IndexName }) => ({ path: "globalIndex", value: IndexName })),
  // DynamoDB changes the throughput of one index while it builds or deletes another.
  blockedBy: (change) => isThroughputChange(change) ? ["replica"] : ["table", "index", "replica"],
  follows: ["BillingMode"],
  waits: [
    {
      appliesTo: ({ from }) => from.length === 0,
      part: "index",
      isIndexBuild: true,
      goal: "build its index",
      // An emulator builds an index at once.
      firstPoll: 1,
      ...indexBuild
    },
    {
      appliesTo: ({ to }) => to.length === 0,
      part: "index",
      goal: "delete its index",
      usual: "3 to 6 s",
      firstPoll: 2,
      timeout: 600
    },
    { part: "index", goal: "change the throughput of its index", usual: "2 to 6 s", firstPoll: 2, timeout: 600 }
  ],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] },
  budget: {
    limit: "four decreases of the units of an index a day (UTC), then one an hour",
    isSpent: /^LimitExceededException: .*decreases are limited within/is
  },
  disruptions: [
    {
      name: "rebuild-index",
      purpose: "to delete the index and build it again under its name, while queries of it fail",
      explain: explainRebuild
    },
    {
      name: "delete-index",
      purpose: "to delete the indexes that the definition lacks",
      condition: "An index is deleted if the definition declares GlobalSecondaryIndexes without it: [] deletes every index.",
      explain: explainFullTable
    }
  ]
};
function orderMembers(index) {
  const { ProvisionedThroughput, OnDemandThroughput } = index;
  return {
    ...orderIndex(index),
    ...ProvisionedThroughput === void 0 ? {} : { ProvisionedThroughput },
    ...OnDemandThroughput === void 0 ? {} : { OnDemandThroughput }
  };
}
function readIndexes({ GlobalSecondaryIndexes = [], AttributeDefinitions }) {
  return sortByName(GlobalSecondaryIndexes.filter(({ IndexStatus }) => IndexStatus !== "DELETING").map((index) => ({
    ...readIndex(index, AttributeDefinitions),
    ...readThroughputOf(index)
  })));
}
function readThroughputOf({ ProvisionedThroughput = {}, OnDemandThroughput }) {
  const { ReadCapacityUnits, WriteCapacityUnits } = ProvisionedThroughput;
  return ReadCapacityUnits ? { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } } : { OnDemandThroughput: readOnDemandThroughput(OnDemandThroughput) };
}
function inputOf2(index) {
  const { ProvisionedThroughput, OnDemandThroughput = {} } = index;
  const maximums = initialMaximums(OnDemandThroughput);
  return {
    ...indexInput(index),
    ...ProvisionedThroughput === void 0 ? {} : { ProvisionedThroughput: { ...ProvisionedThroughput } },
    ...maximums === void 0 ? {} : { OnDemandThroughput: maximums }
  };
}
function updateFor({ from: [before], to: [after] }) {
  if (after === void 0) {
    return { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: before?.IndexName } }] };
  }
  if (before === void 0) {
    return {
      AttributeDefinitions: keyDefinitions([after]),
      GlobalSecondaryIndexUpdates: [{ Create: inputOf2(after) }]
    };
  }
  const { IndexName, ProvisionedThroughput } = after;
  const maximums = changedMaximums(before.OnDemandThroughput ?? {}, after.OnDemandThroughput ?? {});
  return {
    GlobalSecondaryIndexUpdates: [
      {
        Update: {
          IndexName,
          ...ProvisionedThroughput === void 0 ? {} : { ProvisionedThroughput: { ...ProvisionedThroughput } },
          ...maximums === void 0 ? {} : { OnDemandThroughput: maximums.to }
        }
      }
    ]
  };
}
function isThroughputChange({ from, to }) {
  return from.length > 0 && to.length > 0;
}
function partOf({ from, to }) {
  return [...to, ...from].map(({ IndexName }) => IndexName)[0] ?? "";
}
function changesOf(from, to, comparison) {
  const pairs = to.flatMap((declared2) => from.filter(({ IndexName }) => IndexName === declared2.IndexName).map((index) => ({ declared: declared2, present: afterBillingMode(index, declared2, comparison) })));
  const created = indexesNotIn(to, from);
  const rebuilt = pairs.filter(({ declared: declared2, present }) => !isSameIndex(declared2, present));
  const built = [...created, ...rebuilt.map(({ declared: declared2 }) => declared2)];
  const kept = pairs.filter((pair) => !rebuilt.includes(pair));
  const undeclared = indexesNotIn(from, to);
  const impossible = [
    ...built.flatMap((index) => [...refuseBuild(index, comparison), ...refuseKeyTypes(index, undeclared, comparison)]),
    ...kept.flatMap((pair) => refuseThroughput(pair, comparison))
  ];
  if (impossible.length > 0)
    return impossible;
  const isFull = from.length + created.length > mostIndexes;
  const deletions = undeclared.map((index, position) => deletionOf(index, "delete-index", !isFull || position > 0, comparison));
  const deletionOfRebuilt = ({ present }) => deletionOf(present, "rebuild-index", false, comparison);
  const inTheWay = rebuilt.filter((pair) => isInTheWay(pair, built));
  return [
    ...kept.flatMap(throughputChange),
    ...isFull ? deletions : [],
    ...inTheWay.map(deletionOfRebuilt),
    ...created.map(creationOf),
    ...rebuilt.flatMap((pair) => [
      ...inTheWay.includes(pair) ? [] : [deletionOfRebuilt(pair)],
      creationOf(pair.declared)
    ]),
    ...isFull ? [] : deletions
  ];
}
function afterBillingMode(index, { ProvisionedThroughput }, comparison) {
  if (isSwitchToProvisioned(comparison))
    return { ...orderIndex(index), ProvisionedThroughput };
  const isOnDemand = comparison.declared.BillingMode === "PAY_PER_REQUEST";
  return isOnDemand && index.ProvisionedThroughput !== void 0 ? { ...orderIndex(index), OnDemandThroughput: readOnDemandThroughput() } : index;
}
function isTableProvisioned({ declared: declared2, observed }) {
  return isProvisioned(declared2.BillingMode ?? observed.BillingMode);
}
function creationOf(index) {
  return { kind: "update", from: [], to: [orderMembers(index)], risk: "slow" };
}
function deletionOf(index, disruption, isOptional, { table }) {
  const consequence = disruption === "delete-index" ? "is deleted: queries of it fail from then on" : `is deleted and built again: queries of it fail until it is built, which usually takes ${indexBuild.usual}`;
  return {
    kind: "update",
    from: [orderIndex(index)],
    to: [],
    risk: { allow: [disruption] },
    ...isOptional ? { isOptional } : {},
    warning: `The index "${index.IndexName}" of "${table}" ${consequence}.`
  };
}
function throughputChange({ declared: declared2, present }) {
  const units2 = declared2.ProvisionedThroughput;
  const hasOtherUnits = units2 !== void 0 && !isSameThroughput(present.ProvisionedThroughput, units2);
  const maximums = changedMaximums(present.OnDemandThroughput ?? {}, declared2.OnDemandThroughput ?? {});
  if (!hasOtherUnits && maximums === void 0)
    return [];
  const [from, to] = hasOtherUnits ? [{ ProvisionedThroughput: present.ProvisionedThroughput }, { ProvisionedThroughput: units2 }] : [{ OnDemandThroughput: maximums?.from }, { OnDemandThroughput: maximums?.to }];
  const index = orderIndex(present);
  return [{ kind: "update", from: [{ ...index, ...from }], to: [{ ...index, ...to }], risk: "safe" }];
}
function refuseBuild(index, comparison) {
  const { IndexName, ProvisionedThroughput, OnDemandThroughput = {} } = index;
  if (isTableProvisioned(comparison) && ProvisionedThroughput === void 0) {
    return [
      {
        kind: "impossible",
        reason: `The table "${comparison.table}" has provisioned capacity, but its definition declares no ProvisionedThroughput for the new index "${IndexName}". DynamoDB builds an index of such a table only with units of its own.`,
        remedy: `Declare ProvisionedThroughput for "${IndexName}" and for the table, or declare BillingMode: PAY_PER_REQUEST.`
      }
    ];
  }
  const present = { ...orderIndex(index), ...isTableProvisioned(comparison) ? { ProvisionedThroughput } : {} };
  return refuseThroughput({ declared: { ...index, OnDemandThroughput }, present }, comparison);
}
function refuseThroughput({ declared: declared2, present }, comparison) {
  const { IndexName, ProvisionedThroughput, OnDemandThroughput = {} } = declared2;
  const isOnDemand = !isTableProvisioned(comparison);
  const hasOther = isOnDemand ? ProvisionedThroughput !== void 0 && !isSameThroughput(present.ProvisionedThroughput, ProvisionedThroughput) : changedMaximums(present.OnDemandThroughput ?? {}, OnDemandThroughput) !== void 0;
  if (!hasOther)
    return [];
  const [has, name, mode2] = isOnDemand ? ["is on demand", "ProvisionedThroughput", "PROVISIONED, with ProvisionedThroughput for the table"] : ["has provisioned capacity", "OnDemandThroughput", "PAY_PER_REQUEST"];
  return [
    {
      kind: "impossible",
      reason: `The table "${comparison.table}" ${has}, but its definition declares ${name} for the index "${IndexName}". DynamoDB does not accept it.`,
      remedy: `Declare BillingMode: ${mode2}, or remove ${name} of the index from the definition.`
    }
  ];
}
function refuseKeyTypes(index, staying, { table, observed }) {
  const { LocalSecondaryIndexes: local = [] } = observed;
  return index.KeySchema.flatMap(({ AttributeName, AttributeType }) => {
    const other = [...staying, ...local].find((each) => typeIn(each, AttributeName, AttributeType) !== AttributeType);
    if (other === void 0)
      return [];
    const type = typeIn(other, AttributeName, AttributeType);
    const isGlobal = !local.includes(other);
    return [
      {
        kind: "impossible",
        reason: `The definition of "${table}" declares the attribute "${AttributeName}" with the type ${AttributeType} for the index "${index.IndexName}", but the index "${other.IndexName}" of the table has it with the type ${type}. DynamoDB keeps one type for each attribute.`,
        remedy: `Declare the type ${type}, or another attribute${isGlobal ? `; or delete the index "${other.IndexName}" by hand, then run again` : ""}.`
      }
    ];
  });
}
function typeIn(index, attribute, otherwise) {
  return index.KeySchema.find(({ AttributeName }) => AttributeName === attribute)?.AttributeType ?? otherwise;
}
function isInTheWay({ declared: declared2, present }, built) {
  return built.some((index) => index !== declared2 && index.KeySchema.some(({ AttributeName, AttributeType }) => typeIn(present, AttributeName, AttributeType) !== AttributeType));
}
function explainRebuild({ table, observed, change, comparison }) {
  const name = partOf(change);
  const [before, after] = [observed, comparison.declared.GlobalSecondaryIndexes ?? []].map((indexes) => indexes.filter(({ IndexName }) => IndexName === name).map(describeIndex));
  return {
    reason: `The index "${name}" of "${table}" has ${before}, but its definition declares ${after}. DynamoDB can change neither keys nor projection of an index.`,
    remedy: `Declare "${name}" as it is, and beside it the new index under another name, such as "${freeName(name, comparison)}". When that is built, let the readers use it; then remove "${name}" from the definition, and run with the line delete-index in allow.`
  };
}
function freeName(name, { declared: declared2, observed }) {
  const taken = new Set([declared2, observed].flatMap(indexesOf).map((index) => index.name));
  const longest2 = 250;
  for (let number2 = 2; ; number2 += 1) {
    const free = `${name.slice(0, longest2)}-${number2}`;
    if (!taken.has(free))
      return free;
  }
}
function explainFullTable({ table, observed, comparison }) {
  const declared2 = comparison.declared.GlobalSecondaryIndexes ?? [];
  const names = (indexes) => listSome(indexes.map(({ IndexName }) => `"${IndexName}"`), mostIndexes, "more");
  return {
    reason: `The table "${table}" has no room for the declared ${names(indexesNotIn(declared2, observed))}: it has ${observed.length} global indexes, and DynamoDB allows ${mostIndexes}. Not declared, so left alone: ${names(indexesNotIn(observed, declared2))}.`,
    remedy: "Declare fewer indexes, or delete an index that nothing uses by hand."
  };
}
function describeWithThroughput(index) {
  const { ProvisionedThroughput, OnDemandThroughput = {} } = index;
  return [
    describeIndex(index),
    ...ProvisionedThroughput === void 0 ? [] : [describeThroughput(ProvisionedThroughput)],
    ...maximumSettings(OnDemandThroughput).filter(({ value }) => value !== "no maximum").map(({ name, value }) => `${name} ${value}`)
  ].join("; ");
}
function declaredBuilds({ GlobalSecondaryIndexes = [] }, changesInProgress) {
  return GlobalSecondaryIndexes.map(({ IndexName }) => IndexName).filter((declared2) => changesInProgress.some(({ part, name, status }) => part === "index" && name === declared2 && status === "CREATING"));
}

// lib/src/table/properties/local-secondary-indexes.js
var declaredIndexes2 = array(strictObject(declaredIndexMembers));
var localSecondaryIndexes = {
  name: "LocalSecondaryIndexes",
  description: "Local secondary indexes: keys and projection of each. Fixed at creation.",
  schema: pipe(array(strictObject(indexMembers)), check((indexes) => hasDistinctNames(indexes), "each IndexName once")),
  declaration: {
    fields: { LocalSecondaryIndexes: declaredIndexes2 },
    normalize: ({ LocalSecondaryIndexes }, types) => sortByName(LocalSecondaryIndexes.map((index) => normalizeIndex(index, types)))
  },
  reading: { kind: "described", of: readIndexes2 },
  creation: {
    kind: "in-create-table",
    input: (indexes) => (
      // DynamoDB refuses an empty list.
      indexes.length === 0 ? {} : { LocalSecondaryIndexes: indexes.map(indexInput), AttributeDefinitions: keyDefinitions(indexes) }
    )
  },
  changes: (from, to, { table }) => to.flatMap((declared2) => refuseDifference(table, from, declared2)),
  settings: (indexes) => indexes.map((index) => ({ group: "local index", name: index.IndexName, value: describeIndex(index) })),
  unmanaged: (observed, declared2 = []) => indexesNotIn(observed, declared2).map(({ IndexName }) => ({ path: "localIndex", value: IndexName })),
  blockedBy: () => [],
  actions: { read: ["dynamodb:DescribeTable"], write: [] }
};
function readIndexes2({ LocalSecondaryIndexes = [], AttributeDefinitions }) {
  return sortByName(LocalSecondaryIndexes.map((index) => readIndex(index, AttributeDefinitions)));
}
function refuseDifference(table, observed, declared2) {
  const { IndexName } = declared2;
  const present = observed.find((index) => index.IndexName === IndexName);
  if (present !== void 0 && isSameIndex(present, declared2))
    return [];
  return [
    {
      kind: "impossible",
      reason: `The definition of "${table}" declares the local index "${IndexName}" with ${describeIndex(declared2)}, but the table has ${present === void 0 ? "no such index" : `it with ${describeIndex(present)}`}. DynamoDB fixes local indexes when it creates a table.`,
      remedy: `${present === void 0 ? `Remove "${IndexName}" from the definition` : "Declare the index as it is"}, or declare a global index instead. For the local index choose another table-name-prefix, so that new tables are created beside this one.`
    }
  ];
}

// lib/src/table/properties/on-demand-throughput.js
var onDemandThroughput = {
  name: "OnDemandThroughput",
  description: "The most read and write request units a second of an on-demand table; -1 removes a maximum. A member that is not declared is left as it is.",
  schema: onDemandThroughputSchema,
  reading: { kind: "described", of: ({ OnDemandThroughput: given }) => readOnDemandThroughput(given) },
  creation: {
    kind: "in-create-table",
    input: (declared2) => {
      const OnDemandThroughput = initialMaximums(declared2);
      return OnDemandThroughput === void 0 ? {} : { OnDemandThroughput };
    }
  },
  changes: (from, to, { table, declared: declared2, observed }) => {
    const change = changedMaximums(from, to);
    if (change === void 0)
      return [];
    if (isProvisioned(declared2.BillingMode ?? observed.BillingMode)) {
      return [
        {
          kind: "impossible",
          reason: `The table "${table}" has provisioned capacity, but its definition declares OnDemandThroughput. DynamoDB accepts it only for a table that is on demand.`,
          remedy: "Declare BillingMode: PAY_PER_REQUEST, or remove OnDemandThroughput from the definition."
        }
      ];
    }
    return [{ kind: "update", ...change, risk: "safe" }];
  },
  request: ({ name: TableName }, { to: OnDemandThroughput }) => ({
    operation: "UpdateTable",
    input: { TableName, OnDemandThroughput }
  }),
  settings: maximumSettings,
  unmanaged: (observed, declared2) => maximumSettings(undeclaredMaximums(observed, declared2)).map(({ name, value }) => ({
    path: "onDemandThroughput",
    value: `${name} ${value}`
  })),
  // It takes effect at once: DynamoDB reports the table as ACTIVE.
  blockedBy: () => ["table", "index", "replica"],
  follows: ["BillingMode"],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] }
};

// lib/src/table/properties/point-in-time-recovery.js
var longestPeriod = 35;
var removal2 = "remove-point-in-time-recovery";
var pointInTimeRecovery = {
  name: "PointInTimeRecoverySpecification",
  description: "Point-in-time recovery. On with 35 days in production; elsewhere off at creation, then unmanaged.",
  schema: strictObject({
    PointInTimeRecoveryEnabled: MHPL2HJH_boolean(),
    RecoveryPeriodInDays: optional(pipe(number(), integer(), minValue(1), maxValue(longestPeriod)))
  }),
  reading: {
    kind: "asked",
    when: "always",
    ask: async (ask, { name: TableName }) => {
      const answer = await ask("DescribeContinuousBackups", { TableName });
      if (answer === void 0)
        return void 0;
      const { PointInTimeRecoveryStatus: status, RecoveryPeriodInDays } = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
      if (status === "DISABLED")
        return { PointInTimeRecoveryEnabled: false };
      if (status !== "ENABLED")
        throw new TypeError(`PointInTimeRecoveryStatus is ${status}`);
      return { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: RecoveryPeriodInDays ?? longestPeriod };
    }
  },
  creation: { kind: "after-creation", initial: { PointInTimeRecoveryEnabled: false } },
  changes: (from, to, { table }) => {
    if (isSame(from, to))
      return [];
    if (to.PointInTimeRecoveryEnabled) {
      const isShorter = daysOf(to) < (from.PointInTimeRecoveryEnabled ? daysOf(from) : 0);
      const warning = `Point-in-time recovery of "${table}" reaches back ${count(daysOf(to), "day")} instead of ${daysOf(from)}: the table can no longer be restored to a time before.`;
      return [{ kind: "update", from, to, risk: "safe", ...isShorter ? { warning } : {} }];
    }
    return [
      {
        kind: "update",
        from,
        to,
        risk: { allow: [removal2] },
        warning: `Point-in-time recovery of "${table}" is turned off, and its restore window (${describeRecovery(from)}) is lost: turned on again, the window starts empty.`
      }
    ];
  },
  request: ({ name: TableName }, { to }) => ({
    operation: "UpdateContinuousBackups",
    input: { TableName, PointInTimeRecoverySpecification: to }
  }),
  settings: (value) => [{ name: "point-in-time recovery", value: describePeriod(value) }],
  // DynamoDB accepts the call while the table is UPDATING, and during every other change.
  blockedBy: () => [],
  actions: { read: ["dynamodb:DescribeContinuousBackups"], write: ["dynamodb:UpdateContinuousBackups"] },
  protection: {
    isOn: ({ PointInTimeRecoveryEnabled }) => PointInTimeRecoveryEnabled,
    inProduction: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: longestPeriod },
    off: { PointInTimeRecoveryEnabled: false },
    input: "point-in-time-recovery",
    removal: removal2
  },
  disruptions: [
    {
      name: removal2,
      purpose: "to turn it off",
      explain: (situation) => {
        const state = describeRecovery(situation.observed);
        const { reason, remedy } = explainProtectionOff("point-in-time-recovery", state, situation);
        return {
          reason: `${reason} Turning it off loses the restore window: turned on again, the window starts empty.`,
          remedy
        };
      }
    }
  ]
};
function daysOf({ RecoveryPeriodInDays = longestPeriod }) {
  return RecoveryPeriodInDays;
}
function isSame(from, to) {
  if (from.PointInTimeRecoveryEnabled !== to.PointInTimeRecoveryEnabled)
    return false;
  return !to.PointInTimeRecoveryEnabled || to.RecoveryPeriodInDays === void 0 || to.RecoveryPeriodInDays === from.RecoveryPeriodInDays;
}
function describeRecovery(value) {
  const period = describePeriod(value);
  return value.PointInTimeRecoveryEnabled && period !== "on" ? `on, ${period}` : period;
}
function describePeriod({ PointInTimeRecoveryEnabled, RecoveryPeriodInDays }) {
  if (!PointInTimeRecoveryEnabled)
    return "off";
  return RecoveryPeriodInDays === void 0 ? "on" : count(RecoveryPeriodInDays, "day");
}

// lib/src/table/key-permissions.js
function keyArn(given, { partition, region, account }) {
  if (given.startsWith("arn:"))
    return given;
  return `arn:${partition}:kms:${region}:${account}:${given.startsWith("alias/") ? given : `key/${given}`}`;
}
function isAliasArn(arn) {
  return arn.includes(":alias/");
}
function describeKeyStatement(alias2) {
  return {
    Effect: "Allow",
    Action: ["kms:DescribeKey"],
    Resource: [anyKeyBeside(alias2)],
    Condition: { StringEquals: { "kms:RequestAlias": nameOf(alias2) } }
  };
}
function useKeyStatement(key, region) {
  const [, partition] = key.split(":");
  const viaService = `dynamodb.${region}.${partition === "aws" ? "amazonaws.com" : "*"}`;
  const isAlias = isAliasArn(key);
  return {
    Effect: "Allow",
    Action: [
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*"
    ],
    Resource: [isAlias ? anyKeyBeside(key) : key],
    Condition: {
      // Not `StringEquals`: the region may be `*`.
      StringLike: { "kms:ViaService": viaService },
      // The requests name the key by its ARN, so `kms:RequestAlias` would not match.
      ...isAlias ? { "ForAnyValue:StringEquals": { "kms:ResourceAliases": nameOf(key) } } : {}
    }
  };
}
function anyKeyBeside(alias2) {
  return alias2.replace(/:alias\/.*$/, ":key/*");
}
function nameOf(alias2) {
  return alias2.replace(/^.*:(?=alias\/)/, "");
}

// lib/src/table/properties/sse-specification.js
var awsOwned = { SSEEnabled: false };
var awsManagedAlias = "alias/aws/dynamodb";
var place = "arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:";
var alias = "alias/[\\w/-]{1,250}";
var id = "(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})";
var keyPattern = new RegExp(`^(?:${id}|${place}key/${id}|(?:${place})?${alias})$`);
var sseSpecification = {
  name: "SSESpecification",
  description: "The key that encrypts the table: owned by AWS (SSEEnabled: false), managed by AWS in the account (SSEEnabled: true), or your own by id, alias or ARN. DynamoDB encrypts the table again for another key; the table stays usable.",
  schema: pipe(strictObject({
    SSEEnabled: MHPL2HJH_boolean(),
    KMSMasterKeyId: optional(pipe(string(), minLength(1))),
    KeyManager: optional(picklist(["AWS", "CUSTOMER"]))
  }), check(({ SSEEnabled, KMSMasterKeyId, KeyManager }) => SSEEnabled || KMSMasterKeyId === void 0 && KeyManager === void 0, "no key where SSEEnabled is false")),
  declaration: {
    fields: {
      SSESpecification: strictObject({
        SSEEnabled: MHPL2HJH_boolean(),
        SSEType: optional(literal("KMS")),
        KMSMasterKeyId: optional(pipe(string(), regex(keyPattern, "a key id, an alias such as alias/tables, or the ARN of either")))
      })
    },
    normalize: ({ SSESpecification }) => {
      const { SSEEnabled, KMSMasterKeyId } = SSESpecification;
      return { SSEEnabled, ...KMSMasterKeyId === void 0 ? {} : { KMSMasterKeyId } };
    }
  },
  resolve: async (value, target, readKey) => value.SSEEnabled ? await resolveKey(value, target, readKey) : value,
  reading: { kind: "described", of: ({ SSEDescription }) => readEncryption(SSEDescription) },
  settlesWith: "encryption",
  creation: { kind: "in-create-table", input: (value) => ({ SSESpecification: toInput(value) }) },
  changes: (from, to, { table }) => {
    if (keyOf(from) === keyOf(to))
      return [];
    if (to.SSEEnabled || !from.SSEEnabled)
      return [{ kind: "update", from, to, risk: "safe" }];
    const warning = `The table "${table}" is encrypted with a key that AWS owns, instead of ${describeKeyOf(from)}: permissions for that key no longer limit who reads its items. Keep that key enabled until the change is complete, and as long as you keep backups that were made with it.`;
    return [{ kind: "update", from, to, risk: "safe", warning }];
  },
  request: ({ name: TableName }, { to }) => ({
    operation: "UpdateTable",
    input: { TableName, SSESpecification: toInput(to) }
  }),
  settings: (value) => [{ name: "encryption", value: describeKeyOf(value) }],
  unmanaged: ({ KMSMasterKeyId }, declared2) => declared2 === void 0 && KMSMasterKeyId !== void 0 ? [{ path: "encryptionKey", value: KMSMasterKeyId }] : [],
  // Measured on AWS: 21 to 23 s, during which the table is ACTIVE; the old key shows for the first 8 to 9 s.
  waits: [
    {
      part: "encryption",
      goal: "change its encryption",
      usual: "21 to 23 s",
      firstPoll: 5,
      interval: 1,
      timeout: 1800
    }
  ],
  blockedBy: () => ["encryption", "replica"],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] },
  otherStatements: ({ SSEEnabled, KMSMasterKeyId = awsManagedAlias }, place2) => {
    if (!SSEEnabled)
      return { read: [], write: [] };
    const key = keyArn(KMSMasterKeyId, place2);
    return {
      read: isAliasArn(key) ? [describeKeyStatement(key)] : [],
      // The policy of the AWS managed key allows its use through DynamoDB to everyone in the account.
      write: isAwsManaged(key) ? [] : [useKeyStatement(key, place2.region)]
    };
  },
  budget: {
    limit: "four changes in 24 hours, then one in six hours",
    isSpent: /^LimitExceededException: .*Encryption mode changes are limited/is
  }
};
function readEncryption({ Status, KMSMasterKeyArn } = {}) {
  const isOn = KMSMasterKeyArn !== void 0 && Status !== "DISABLED" && Status !== "DISABLING";
  return isOn ? { SSEEnabled: true, KMSMasterKeyId: KMSMasterKeyArn } : awsOwned;
}
function toInput({ SSEEnabled, KMSMasterKeyId, KeyManager }) {
  if (!SSEEnabled)
    return { Enabled: false };
  return {
    Enabled: true,
    SSEType: "KMS",
    // AWS documents the key as a parameter for keys other than its own.
    ...KMSMasterKeyId === void 0 || KeyManager === "AWS" ? {} : { KMSMasterKeyId }
  };
}
function keyOf({ SSEEnabled, KMSMasterKeyId }) {
  return SSEEnabled ? KMSMasterKeyId ?? awsManagedAlias : "";
}
function describeKeyOf({ SSEEnabled, KMSMasterKeyId, KeyManager }) {
  if (!SSEEnabled)
    return "AWS owned key";
  return KMSMasterKeyId === void 0 || KeyManager === "AWS" ? "AWS managed key" : KMSMasterKeyId;
}
async function resolveKey({ KMSMasterKeyId: given = awsManagedAlias }, target, readKey) {
  const key = keyArn(given, target);
  const [, , , region = ""] = key.split(":");
  if (region !== target.region) {
    throw new RemedyError(`The KMS key ${given} is in ${region}, but DynamoDB encrypts a table in ${target.region} only with a key of that region.`, `Name a key of ${target.region}. Of a multi-Region key, name the id, which begins with mrk-, or the ARN in ${target.region}.`);
  }
  if (!isAliasArn(key))
    return { SSEEnabled: true, KMSMasterKeyId: key, KeyManager: "CUSTOMER" };
  if (isAwsManaged(key)) {
    const { arn } = await readKey(given);
    return { SSEEnabled: true, KMSMasterKeyId: arn, KeyManager: "AWS" };
  }
  return { SSEEnabled: true, KMSMasterKeyId: checkKey(given, await readKey(given)).arn, KeyManager: "CUSTOMER" };
}
function checkKey(alias2, key) {
  if (/(?:^|:)alias\/aws\//.test(alias2)) {
    throw new RemedyError(`The key ${alias2} is managed by AWS for another service, which alone may use it.`, `Name a key of your own, or leave KMSMasterKeyId out, which means the key that AWS manages for DynamoDB.`);
  }
  if (!key.isSymmetric) {
    throw new RemedyError(`The key ${alias2} is no symmetric key for encryption. DynamoDB uses no other.`, "Name a key whose key spec is SYMMETRIC_DEFAULT.");
  }
  return key;
}
function isAwsManaged(arn) {
  return arn.endsWith(`:${awsManagedAlias}`);
}

// lib/src/table/properties/stream-specification.js
var viewTypes = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"];
var off = { StreamEnabled: false };
var streamSpecification = {
  name: "StreamSpecification",
  description: "The stream of changes of items. Another view type is another stream, with another ARN.",
  // AWS may add a view type. A table that has it, and whose definition omits the stream, is still read.
  schema: pipe(strictObject({ StreamEnabled: MHPL2HJH_boolean(), StreamViewType: optional(pipe(string(), minLength(1))) }), check(({ StreamEnabled, StreamViewType }) => StreamEnabled === (StreamViewType !== void 0), "a StreamViewType where StreamEnabled is true, and none where it is false")),
  declaration: {
    fields: {
      // CloudFormation has StreamViewType alone, and no form for a stream that is off.
      StreamSpecification: strictObject({
        StreamEnabled: optional(MHPL2HJH_boolean(), true),
        StreamViewType: optional(picklist(viewTypes))
      })
    },
    normalize: ({ StreamSpecification }) => toStream(StreamSpecification)
  },
  reading: { kind: "described", of: ({ StreamSpecification }) => toStream(StreamSpecification) },
  creation: { kind: "in-create-table", input: (value) => ({ StreamSpecification: toInput2(value) }) },
  changes: (from, to, { table, replicas = [] }) => {
    if (isSame2(from, to))
      return [];
    if (!from.StreamEnabled)
      return [{ kind: "update", from, to, risk: "safe" }];
    if (replicas.length > 0)
      return [refuseForReplicas(table, from, to, replicas)];
    const consequence = to.StreamEnabled ? "Changes of items until the new stream is on are in neither. The new stream has another ARN, to which its consumers must be moved" : "Later changes of items are in no stream";
    const warning = `The stream of "${table}" ends. ${consequence}. The records of the old stream stay readable under its ARN for 24 hours.`;
    return [
      { kind: "update", from, to: off, risk: { allow: ["end-stream"] }, warning },
      ...to.StreamEnabled ? [{ kind: "update", from: off, to, risk: "safe" }] : []
    ];
  },
  request: ({ name: TableName }, { to }) => ({
    operation: "UpdateTable",
    input: { TableName, StreamSpecification: toInput2(to) }
  }),
  settings: (value) => [{ name: "stream", value: describeStream(value) }],
  unmanaged: ({ StreamViewType }, declared2) => declared2 === void 0 && StreamViewType !== void 0 ? [{ path: "stream", value: StreamViewType }] : [],
  // Measured on AWS: 4 to 5 s for either change. The table is UPDATING meanwhile.
  waits: [{ goal: "turn its stream on or off", usual: "4 to 5 s", firstPoll: 3, timeout: 600 }],
  blockedBy: () => ["table", "replica"],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] },
  disruptions: [{ name: "end-stream", purpose: "to end the stream", explain: explainEnd }]
};
function toStream({ StreamEnabled, StreamViewType } = off) {
  return StreamEnabled ? { StreamEnabled, StreamViewType } : off;
}
function toInput2({ StreamEnabled, StreamViewType }) {
  return StreamEnabled ? { StreamEnabled, StreamViewType } : { StreamEnabled };
}
function isSame2(from, to) {
  return from.StreamEnabled === to.StreamEnabled && from.StreamViewType === to.StreamViewType;
}
function describeStream({ StreamEnabled, StreamViewType }) {
  return StreamEnabled ? `on, ${StreamViewType}` : "off";
}
function refuseForReplicas(table, from, to, replicas) {
  const listed = replicas.map(({ region, status }) => `${region} (${status})`).join(", ");
  return {
    kind: "impossible",
    reason: `The stream of the table "${table}" is ${describeStream(from)}, but its definition declares ${describeStream(to)}. The table has replicas: ${listed}. DynamoDB does not change the stream of a table that has replicas.`,
    remedy: `Declare the stream as it is, or leave StreamSpecification out. Or delete the replicas, and run again when they are gone.`
  };
}
function explainEnd({ table, observed }) {
  return {
    reason: `The stream of the table "${table}" is ${describeStream(observed)}, but its definition declares another value, and DynamoDB cannot change a stream: it must end. Consumers that read its ARN, such as Lambda functions, then get no later change. Its records stay readable under that ARN for 24 hours. A stream that is turned on afterwards has another ARN, and lacks the changes of items in between.`,
    remedy: "Declare the stream as it is, or leave StreamSpecification out, which keeps it. Before a stream ends, decide how its consumers read it to its end, and move to the new ARN."
  };
}

// lib/src/table/properties/table-class.js
var tableClass = {
  name: "TableClass",
  description: "STANDARD, or STANDARD_INFREQUENT_ACCESS for items that are stored for long and rarely read.",
  // AWS may add a class. A table that has it, and whose definition omits the class, is still read.
  schema: pipe(string(), minLength(1)),
  declaration: {
    fields: { TableClass: picklist(["STANDARD", "STANDARD_INFREQUENT_ACCESS"]) },
    normalize: ({ TableClass }) => TableClass
  },
  // DynamoDB omits the summary of a table whose class was never set.
  reading: { kind: "described", of: ({ TableClassSummary: summary }) => summary ? summary.TableClass : "STANDARD" },
  creation: {
    kind: "in-create-table",
    input: (value) => ({ TableClass: value })
  },
  changes: (from, to, { table, replicas = [] }) => {
    if (from === to)
      return [];
    if (replicas.length === 0)
      return [{ kind: "update", from, to, risk: "safe" }];
    const regions = replicas.map(({ region }) => region).join(", ");
    const warning = `The table class of "${table}" changes in its replicas too (${regions}), and counts there as one of the two changes in 30 days.`;
    return [{ kind: "update", from, to, risk: "safe", warning }];
  },
  request: ({ name: TableName }, { to }) => ({
    operation: "UpdateTable",
    input: { TableName, TableClass: to }
  }),
  settings: (value) => [{ name: "table class", value }],
  unmanaged: (observed, declared2) => declared2 === void 0 && observed !== "STANDARD" ? [{ path: "tableClass", value: observed }] : [],
  // Measured on AWS: 3.6 to 6.1 s on an empty table, and once 46 s. The new class shows when the table is ACTIVE.
  waits: [{ goal: "change its table class", usual: "4 to 6 s, up to a minute", firstPoll: 3, timeout: 1800 }],
  blockedBy: () => ["table", "replica"],
  actions: { read: ["dynamodb:DescribeTable"], write: ["dynamodb:UpdateTable"] },
  budget: {
    limit: "two changes in 30 days",
    isSpent: /^LimitExceededException: .*TableClass are limited to/is
  }
};

// lib/src/table/properties/tags.js
var environmentTag = "tenant-tables:environment";
var managedByTag = "tenant-tables:managed-by";
var managedByValue = "tenant-tables";
var mostTags = 50;
var ownTagCount = 2;
var tagCharacters = "letters, digits, spaces and _ . : / = + - @";
function isTagText(text, most) {
  return [...text].length <= most && /^(?:(?!\p{DI})[\p{L}\p{Z}\p{N}_.:/=+\-@])*$/u.test(text);
}
function isReservedKey(key) {
  return /^(aws|tenant-tables):/i.test(key);
}
var mostDeclaredTags = mostTags - ownTagCount;
var declaredTags = pipe(array(strictObject({
  Key: pipe(string(), minLength(1), check((key) => isTagText(key, 128), `at most 128 ${tagCharacters}`), check((key) => !isReservedKey(key), "a key that does not begin with aws: or tenant-tables:, which are reserved")),
  Value: pipe(string(), check((value) => isTagText(value, 256), `at most 256 ${tagCharacters}`))
})), maxLength(mostDeclaredTags));
var tags = {
  name: "Tags",
  description: "Tags. Undeclared tags are left alone. A table without the tags of this action is adopted only by `allow`.",
  schema: pipe(array(strictObject({ Key: pipe(string(), minLength(1)), Value: string() })), check((all) => new Set(all.map(({ Key }) => Key)).size === all.length, "one value for each key")),
  declaration: { fields: { Tags: declaredTags }, normalize: ({ Tags }) => sortTags(Tags) },
  reading: { kind: "asked", when: "always", ask: listTags },
  creation: { kind: "in-create-table", input: (value) => ({ Tags: value.map((tag) => ({ ...tag })) }) },
  changes: (from, to, { table }) => {
    const count2 = new Set([...from.filter(({ Key }) => !isAwsTag(Key)), ...to].map(({ Key }) => Key)).size;
    if (count2 > mostTags) {
      return [
        {
          kind: "impossible",
          reason: `The table "${table}" would carry ${count2} tags: ${to.length} declared ones beside ${count2 - to.length} others. DynamoDB allows ${mostTags}.`,
          remedy: "Declare fewer tags, or remove unneeded tags from the table."
        }
      ];
    }
    const changed = to.filter((tag) => !hasTag(from, tag));
    if (changed.length === 0)
      return [];
    const keys = changed.map(({ Key }) => Key);
    return [{ kind: "update", from: from.filter(({ Key }) => keys.includes(Key)), to: changed, risk: riskOf(from, to) }];
  },
  request: ({ arn: ResourceArn }, { to }) => ({
    operation: "TagResource",
    input: { ResourceArn, Tags: to.map((tag) => ({ ...tag })) }
  }),
  settings: (value) => value.map(({ Key, Value }) => ({ group: "tag", name: Key, value: Value })),
  unmanaged: (observed, declared2 = []) => observed.filter(({ Key }) => tagValue(declared2, Key) === void 0 && !isAwsTag(Key)).map(({ Key, Value }) => ({ path: `tags.${Key}`, value: Value })),
  blockedBy: () => [],
  actions: {
    read: ["dynamodb:ListTagsOfResource"],
    write: ["dynamodb:TagResource"],
    create: ["dynamodb:TagResource"]
  },
  disruptions: [
    {
      name: "change-environment",
      purpose: "to move the table to this environment",
      explain: explainOtherEnvironment
    },
    { name: "adopt-table", purpose: "to adopt the table in this run", explain: explainAdoption }
  ]
};
function tagValue(all, key) {
  return all.find(({ Key }) => Key === key)?.Value;
}
function sortTags(all) {
  return sortBy(all, ({ Key }) => Key);
}
function isAwsTag(key) {
  return key.toLowerCase().startsWith("aws:");
}
function isManaged(all) {
  return tagValue(all, managedByTag) === managedByValue;
}
function isOfOtherEnvironment(all, environment) {
  const own = tagValue(all, environmentTag);
  return own !== void 0 && !isSameEnvironment(own, environment);
}
function hasTag(all, { Key, Value }) {
  const present = tagValue(all, Key);
  if (present === void 0)
    return false;
  return Key === environmentTag ? isSameEnvironment(present, Value) : present === Value;
}
function riskOf(from, to) {
  const environment = tagValue(to, environmentTag);
  const allow = [
    ...environment !== void 0 && isOfOtherEnvironment(from, environment) ? ["change-environment"] : [],
    ...isManaged(from) ? [] : ["adopt-table"]
  ];
  return allow.length === 0 ? "safe" : { allow };
}
async function listTags(ask, { arn: ResourceArn }) {
  const all = /* @__PURE__ */ new Map();
  const seen = /* @__PURE__ */ new Set();
  let NextToken;
  do {
    const page = await ask("ListTagsOfResource", { ResourceArn, NextToken });
    if (page === void 0)
      return void 0;
    if (!Array.isArray(page.Tags))
      throw new TypeError("Tags is no list");
    for (const { Key, Value } of page.Tags)
      all.set(Key, { Key, Value });
    seen.add(NextToken);
    NextToken = page.NextToken;
  } while (NextToken !== void 0 && !seen.has(NextToken));
  return sortBy(all, ([key]) => String(key)).map(([, tag]) => tag);
}
function describeOtherEnvironment(table, all, wanted) {
  return `The table "${table}" belongs to the environment "${tagValue(all, environmentTag)}", as its tag ${environmentTag} says, but this run is for "${wanted}".`;
}
function explainOtherEnvironment({ target, table, observed }) {
  const wanted = target.environment.name;
  return {
    reason: describeOtherEnvironment(table, observed, wanted),
    remedy: `Choose another table-name-prefix for "${wanted}", or check that the role leads to the right account.`
  };
}
var mostChangesShown = 10;
var mostTagsShown = 5;
function explainAdoption({ target: { account, region }, table, observed, changes }) {
  return {
    reason: [
      `The table "${table}" exists, but does not carry the tag ${managedByTag} = ${managedByValue}, so this action neither created nor adopted it.`,
      `Adoption would change: ${listSome(changes, mostChangesShown, "more change")}.`,
      describeOwner(observed)
    ].join(" "),
    remedy: [
      "Find out who owns the table.",
      `Whether a CloudFormation stack holds it, this command says in account ${account}: aws cloudformation describe-stack-resources --physical-resource-id ${table} --region ${region} (a ValidationError means that no stack holds it).`,
      "If a stack holds it, take it out of the stack in this order: set DeletionPolicy: Retain (CDK: RemovalPolicy.RETAIN) on the table and deploy the stack; then remove the table from the stack and deploy it again.",
      "A table that was restored from a backup, a replica of a table in another region, and a table whose tags were removed do not carry the tag either.",
      "To leave the table alone, choose another table-name-prefix."
    ].join(" ")
  };
}
function describeOwner(all) {
  if (all.length === 0)
    return "It has no tags that could name its owner.";
  const shown = all.map(({ Key, Value }) => `${shorten(Key)} = ${shorten(Value)}`);
  return `Its tags may name its owner: ${listSome(shown, mostTagsShown, "more tag")}.`;
}

// lib/src/table/properties/time-to-live.js
var off2 = { Enabled: false };
var MHPL2HJH_form = strictObject({ Enabled: MHPL2HJH_boolean(), AttributeName: optional(attributeName) });
var timeToLive = {
  name: "TimeToLiveSpecification",
  description: "Time to live: the attribute after whose time DynamoDB deletes an item. Read only where it is declared. Another attribute takes two runs, an hour apart: off, then on.",
  schema: pipe(MHPL2HJH_form, check(({ Enabled, AttributeName }) => !Enabled || AttributeName !== void 0, "AttributeName is required")),
  declaration: {
    fields: { TimeToLiveSpecification: MHPL2HJH_form },
    normalize: ({ TimeToLiveSpecification }) => TimeToLiveSpecification
  },
  reading: {
    kind: "asked",
    when: "declared",
    isTooNew: /^ValidationException: Cannot describe time to live while table is in/,
    ask: async (ask, { name: TableName }) => {
      const answer = await ask("DescribeTimeToLive", { TableName });
      if (answer === void 0)
        return void 0;
      const { TimeToLiveStatus: status, AttributeName } = answer.TimeToLiveDescription ?? {};
      if (status === "DISABLED" || status === "DISABLING")
        return off2;
      if (status !== "ENABLED" && status !== "ENABLING")
        throw new TypeError(`TimeToLiveStatus is ${status}`);
      return { Enabled: true, AttributeName };
    }
  },
  creation: { kind: "after-creation", initial: off2 },
  changes: (from, to, { table }) => {
    if (from.Enabled === to.Enabled && (!to.Enabled || from.AttributeName === to.AttributeName))
      return [];
    if (from.Enabled && to.Enabled) {
      return [
        {
          kind: "impossible",
          reason: `Time to live of the table "${table}" uses the attribute "${from.AttributeName}", but its definition declares "${to.AttributeName}". DynamoDB cannot rename it in one change, and allows one change an hour.`,
          remedy: "Declare Enabled: false and run. Declare the new attribute and run again an hour later."
        }
      ];
    }
    if (to.Enabled) {
      const warning = `Time to live of "${table}" is turned on: DynamoDB deletes the items whose attribute "${to.AttributeName}" holds a time in the past, in seconds since 1970.`;
      return [{ kind: "update", from, to, risk: "safe", warning }];
    }
    return [{ kind: "update", from, to: { Enabled: false, AttributeName: from.AttributeName }, risk: "safe" }];
  },
  request: ({ name: TableName }, { to: { Enabled, AttributeName } }) => ({
    operation: "UpdateTimeToLive",
    input: { TableName, TimeToLiveSpecification: { Enabled, AttributeName } }
  }),
  settings: ({ Enabled, AttributeName }) => [{ name: "time to live", value: Enabled ? `on, ${AttributeName}` : "off" }],
  // DynamoDB accepts the call while the table is UPDATING and while an index is built.
  blockedBy: () => [],
  actions: { read: ["dynamodb:DescribeTimeToLive"], write: ["dynamodb:UpdateTimeToLive"] },
  budget: {
    limit: "one change an hour",
    isSpent: /^ValidationException: Time to live has been modified multiple times/i
  }
};

// lib/src/table/properties/index.js
var declared = [
  keySchema,
  localSecondaryIndexes,
  deletionProtection,
  pointInTimeRecovery,
  tags,
  tableClass,
  billingMode,
  onDemandThroughput,
  streamSpecification,
  sseSpecification,
  timeToLive,
  globalSecondaryIndexes
];
var properties = declared;
function propertyNamed(name) {
  const found = properties.find((property) => property.name === name);
  if (found === void 0)
    throw new TypeError(`There is no property ${name}`);
  return found;
}

// lib/src/definition/definition.js
var defaultTenantKey = "tenant_id";
function ownTags(environment) {
  return /* @__PURE__ */ new Map([
    [environmentTag, environment.name],
    [managedByTag, managedByValue]
  ]);
}
function environmentNamed({ environments }, name) {
  return [...environments.keys()].find((each) => isSameEnvironment(each, name));
}
function environmentNames({ environments }) {
  return ["", ...environments.keys()];
}
function layersOf(definition, environment, logicalName) {
  const ofEnvironment = environment === void 0 ? void 0 : definition.environments.get(environment);
  const above = environment === void 0 ? [] : ["environments", environment];
  return [
    { path: ["defaults"], fields: definition.defaults },
    { path: [...above, "defaults"], fields: ofEnvironment?.defaults ?? {} },
    { path: ["tables", logicalName], fields: definition.tables.get(logicalName) ?? {} },
    { path: [...above, "tables", logicalName], fields: ofEnvironment?.tables.get(logicalName) ?? {} }
  ];
}
function allLayers(definition) {
  const within = (above, { defaults, tables }) => [
    { path: [...above, "defaults"], fields: defaults },
    ...[...tables].map(([name, fields]) => ({ path: [...above, "tables", name], fields }))
  ];
  return [
    ...within([], definition),
    ...[...definition.environments].flatMap(([name, each]) => within(["environments", name], each))
  ];
}
function mergeLayers(layers) {
  const merged = /* @__PURE__ */ new Map();
  for (const { path, fields } of layers) {
    if (fields.BillingMode !== void 0)
      dropThroughput(merged);
    for (const [name, value] of Object.entries(fields)) {
      const lower = name === "Tags" ? merged.get(name)?.value : void 0;
      merged.set(name, { path: [...path, name], value: lower === void 0 ? value : mergeTags(lower, value) });
    }
  }
  return merged;
}
function dropThroughput(merged) {
  merged.delete("ProvisionedThroughput");
  merged.delete("OnDemandThroughput");
  const indexes = merged.get("GlobalSecondaryIndexes");
  if (indexes === void 0)
    return;
  const value = indexes.value.map(({ ProvisionedThroughput: _, OnDemandThroughput: __, ...index }) => index);
  merged.set("GlobalSecondaryIndexes", { ...indexes, value });
}
function mergeTags(lower, higher) {
  const all = [...lower, ...higher];
  return [...new Map(all.map((tag) => [tag.Key, tag])).values()];
}
function nameTables(definition, { environment, tableNamePrefix }) {
  const named = environmentNamed(definition, environment);
  return [...definition.tables.keys()].map((logicalName) => {
    const { TableName = logicalName } = valuesOf(mergeLayers(layersOf(definition, named, logicalName)));
    return `${tableNamePrefix}${TableName}`;
  });
}
function defineTables(definition, request) {
  const { environment, tableNamePrefix } = request;
  const named = environmentNamed(definition, environment.name);
  const ofInputs = { path: [], fields: { Tags: listTags2(request.tags) } };
  return [...definition.tables.keys()].map((logicalName) => {
    const merged = valuesOf(mergeLayers([ofInputs, ...layersOf(definition, named, logicalName)]));
    const { TableName = logicalName, Tags, ...declared2 } = merged;
    const name = `${tableNamePrefix}${TableName}`;
    const fields = {
      TableName: name,
      ...declared2,
      ...protect(deletionProtection, request.deletionProtection, environment, declared2),
      ...protect(pointInTimeRecovery, request.pointInTimeRecovery, environment, declared2),
      Tags: sortTags(mergeTags(Tags, listTags2(ownTags(environment))))
    };
    return { logicalName, name, properties: normalizeFields(fields), fields };
  });
}
function defineEverywhere(definition, request) {
  return environmentNames(definition).flatMap((name) => [false, true].flatMap((production) => defineTables(definition, { ...request, environment: { name, production } })));
}
function valuesOf(merged) {
  return Object.fromEntries([...merged].map(([name, { value }]) => [name, value]));
}
function listTags2(tags2) {
  return [...tags2].map(([Key, Value]) => ({ Key, Value }));
}
function protect({ name, protection }, setting, { production }, declared2) {
  const isOpen = setting === "auto" && (!production || declared2[name] !== void 0);
  if (protection === void 0 || isOpen)
    return {};
  return { [name]: setting === "false" ? protection.off : protection.inProduction };
}
function declarationOf({ name, schema, declaration }) {
  return declaration ?? { fields: { [name]: schema }, normalize: ({ [name]: value }) => value };
}
function normalizeFields(fields) {
  const definitions = fields.AttributeDefinitions ?? [];
  const types = new Map(definitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  const values = properties.flatMap((property) => {
    const declaration = declarationOf(property);
    const given = Object.entries(fields).filter(([name]) => Object.hasOwn(declaration.fields, name));
    const value = given.length === 0 ? void 0 : declaration.normalize(Object.fromEntries(given), types);
    return value === void 0 ? [] : [[property.name, value]];
  });
  return Object.fromEntries(values);
}

// lib/src/text/similar.js
function findSimilar(written, names) {
  return [0, 1, 2, 3].flatMap((most) => names.filter((name) => most <= toleranceOf(name) && isSimilar(written, name, most))).at(0);
}
function findSimilarWords(written, names) {
  const fold = (name) => name.toLowerCase().replace(/[-_\s]/g, "");
  const folded = new Map(names.map((name) => [fold(name), name]));
  return folded.get(findSimilar(fold(written), [...folded.keys()]) ?? "");
}
function toleranceOf({ length }) {
  if (length < 5)
    return 0;
  if (length < 8)
    return 1;
  return length < 16 ? 2 : 3;
}
function isSimilar(left, right, most) {
  if (left === right)
    return true;
  if (left[0] === right[0])
    return isSimilar(left.slice(1), right.slice(1), most);
  if (most === 0)
    return false;
  const isSwapped = left[0] === right[1] && left[1] === right[0];
  return isSimilar(left, right.slice(1), most - 1) || isSimilar(left.slice(1), right, most - 1) || isSimilar(left.slice(1), right.slice(1), most - 1) || isSwapped && isSimilar(left.slice(2), right.slice(2), most - 1);
}




/***/ }),

/***/ 457:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   P: () => (/* binding */ __commonJS),
/* harmony export */   f: () => (/* binding */ __toESM)
/* harmony export */ });
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __commonJS = (cb, mod) => function __require() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));




/***/ }),

/***/ 7746:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   $6: () => (/* binding */ extendedEncodeURIComponent),
/* harmony export */   A8: () => (/* binding */ JsonShapeSerializer2),
/* harmony export */   Bz: () => (/* binding */ getProfileName),
/* harmony export */   C1: () => (/* binding */ CredentialsProviderError),
/* harmony export */   C9: () => (/* binding */ getSSOTokenFilepath),
/* harmony export */   Ch: () => (/* binding */ ENV_PROFILE),
/* harmony export */   GG: () => (/* binding */ NODE_REGION_CONFIG_OPTIONS),
/* harmony export */   Go: () => (/* binding */ buildQueryString),
/* harmony export */   IZ: () => (/* binding */ resolveDefaultsModeConfig),
/* harmony export */   Jh: () => (/* binding */ TokenProviderError),
/* harmony export */   Ko: () => (/* binding */ NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS),
/* harmony export */   Mp: () => (/* binding */ RpcProtocol),
/* harmony export */   Px: () => (/* binding */ collectBody),
/* harmony export */   QD: () => (/* binding */ CONFIG_PREFIX_SEPARATOR),
/* harmony export */   Qm: () => (/* binding */ booleanSelector),
/* harmony export */   TD: () => (/* binding */ resolveRegionConfig),
/* harmony export */   Vm: () => (/* binding */ determineTimestampFormat),
/* harmony export */   YU: () => (/* binding */ parseKnownFiles),
/* harmony export */   Z9: () => (/* binding */ loadConfig),
/* harmony export */   ZY: () => (/* binding */ externalDataInterceptor),
/* harmony export */   _2: () => (/* binding */ HttpInterceptingShapeSerializer),
/* harmony export */   cJ: () => (/* binding */ loadRestJsonErrorCode),
/* harmony export */   cV: () => (/* binding */ SelectorType),
/* harmony export */   cy: () => (/* binding */ chain),
/* harmony export */   e$: () => (/* binding */ NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS),
/* harmony export */   eS: () => (/* binding */ getHttpHandlerExtensionConfiguration),
/* harmony export */   fw: () => (/* binding */ JsonShapeDeserializer2),
/* harmony export */   jt: () => (/* binding */ resolveHttpHandlerRuntimeConfig),
/* harmony export */   k: () => (/* binding */ FromStringShapeDeserializer),
/* harmony export */   mZ: () => (/* binding */ ProviderError),
/* harmony export */   o$: () => (/* binding */ escapeUri),
/* harmony export */   p6: () => (/* binding */ loadSharedConfigFiles),
/* harmony export */   pl: () => (/* binding */ JsonCodec2),
/* harmony export */   qw: () => (/* binding */ loadSsoSessionData),
/* harmony export */   rh: () => (/* binding */ loadJsonRpcErrorCode),
/* harmony export */   sM: () => (/* binding */ HttpBindingProtocol),
/* harmony export */   vK: () => (/* binding */ getContentLengthPlugin),
/* harmony export */   vf: () => (/* binding */ getSSOTokenFromFile),
/* harmony export */   zH: () => (/* binding */ NODE_REGION_CONFIG_FILE_OPTIONS),
/* harmony export */   zS: () => (/* binding */ HttpInterceptingShapeDeserializer)
/* harmony export */ });
/* harmony import */ var _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(3981);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(6760);
/* harmony import */ var node_os__WEBPACK_IMPORTED_MODULE_2__ = __nccwpck_require__(8161);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_3__ = __nccwpck_require__(1455);
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_4__ = __nccwpck_require__(7598);


// node_modules/@smithy/core/dist-es/submodules/config/property-provider/ProviderError.js
var ProviderError = class _ProviderError extends Error {
  name = "ProviderError";
  tryNextLink;
  constructor(message, options = true) {
    let logger;
    let tryNextLink = true;
    if (typeof options === "boolean") {
      logger = void 0;
      tryNextLink = options;
    } else if (options != null && typeof options === "object") {
      logger = options.logger;
      tryNextLink = options.tryNextLink ?? true;
    }
    super(message);
    this.tryNextLink = tryNextLink;
    Object.setPrototypeOf(this, _ProviderError.prototype);
    logger?.debug?.(`@smithy/property-provider ${tryNextLink ? "->" : "(!)"} ${message}`);
  }
  static from(error, options = true) {
    return Object.assign(new this(error.message, options), error);
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/property-provider/CredentialsProviderError.js
var CredentialsProviderError = class _CredentialsProviderError extends ProviderError {
  name = "CredentialsProviderError";
  constructor(message, options = true) {
    super(message, options);
    Object.setPrototypeOf(this, _CredentialsProviderError.prototype);
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getProfileName.js
var ENV_PROFILE = "AWS_PROFILE";
var DEFAULT_PROFILE = "default";
var getProfileName = (init) => init.profile || process.env[ENV_PROFILE] || DEFAULT_PROFILE;

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js


// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/constants.js
var CONFIG_PREFIX_SEPARATOR = ".";

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getConfigData.js
var getConfigData = (data) => Object.entries(data).filter(([key]) => {
  const indexOfSeparator = key.indexOf(CONFIG_PREFIX_SEPARATOR);
  if (indexOfSeparator === -1) {
    return false;
  }
  return Object.values(_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .IniSectionType */ .Ip).includes(key.substring(0, indexOfSeparator));
}).reduce((acc, [key, value]) => {
  const indexOfSeparator = key.indexOf(CONFIG_PREFIX_SEPARATOR);
  const updatedKey = key.substring(0, indexOfSeparator) === _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .IniSectionType */ .Ip.PROFILE ? key.substring(indexOfSeparator + 1) : key;
  acc[updatedKey] = value;
  return acc;
}, {
  ...data.default && { default: data.default }
});

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getConfigFilepath.js


// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getHomeDir.js


var homeDirCache = {};
var getHomeDirCacheKey = () => {
  if (process && process.geteuid) {
    return `${process.geteuid()}`;
  }
  return "DEFAULT";
};
var getHomeDir = () => {
  const { HOME, USERPROFILE, HOMEPATH, HOMEDRIVE = `C:${node_path__WEBPACK_IMPORTED_MODULE_1__.sep}` } = process.env;
  if (HOME) {
    return HOME;
  }
  if (USERPROFILE) {
    return USERPROFILE;
  }
  if (HOMEPATH) {
    return `${HOMEDRIVE}${HOMEPATH}`;
  }
  const homeDirCacheKey = getHomeDirCacheKey();
  if (!homeDirCache[homeDirCacheKey]) {
    homeDirCache[homeDirCacheKey] = (0,node_os__WEBPACK_IMPORTED_MODULE_2__.homedir)();
  }
  return homeDirCache[homeDirCacheKey];
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getConfigFilepath.js
var ENV_CONFIG_PATH = "AWS_CONFIG_FILE";
var getConfigFilepath = () => process.env[ENV_CONFIG_PATH] || (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(getHomeDir(), ".aws", "config");

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getCredentialsFilepath.js

var ENV_CREDENTIALS_PATH = "AWS_SHARED_CREDENTIALS_FILE";
var getCredentialsFilepath = () => process.env[ENV_CREDENTIALS_PATH] || (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(getHomeDir(), ".aws", "credentials");

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/parseIni.js
var prefixKeyRegex = /^([\w-]+)\s(["'])?([\w-@+.%:/]+)\2$/;
var profileNameBlockList = ["__proto__", "profile __proto__"];
var parseIni = (iniData) => {
  const map = {};
  let currentSection;
  let currentSubSection;
  for (const iniLine of iniData.split(/\r?\n/)) {
    const trimmedLine = iniLine.split(/(^|\s)[;#]/)[0].trim();
    const isSection = trimmedLine[0] === "[" && trimmedLine[trimmedLine.length - 1] === "]";
    if (isSection) {
      currentSection = void 0;
      currentSubSection = void 0;
      const sectionName = trimmedLine.substring(1, trimmedLine.length - 1);
      const matches = prefixKeyRegex.exec(sectionName);
      if (matches) {
        const [, prefix, , name] = matches;
        if (Object.values(_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .IniSectionType */ .Ip).includes(prefix)) {
          currentSection = [prefix, name].join(CONFIG_PREFIX_SEPARATOR);
        }
      } else {
        currentSection = sectionName;
      }
      if (profileNameBlockList.includes(sectionName)) {
        throw new Error(`Found invalid profile name "${sectionName}"`);
      }
    } else if (currentSection) {
      const indexOfEqualsSign = trimmedLine.indexOf("=");
      if (![0, -1].includes(indexOfEqualsSign)) {
        const [name, value] = [
          trimmedLine.substring(0, indexOfEqualsSign).trim(),
          trimmedLine.substring(indexOfEqualsSign + 1).trim()
        ];
        if (value === "") {
          currentSubSection = name;
        } else {
          if (currentSubSection && iniLine.trimStart() === iniLine) {
            currentSubSection = void 0;
          }
          map[currentSection] = map[currentSection] || {};
          const key = currentSubSection ? [currentSubSection, name].join(CONFIG_PREFIX_SEPARATOR) : name;
          map[currentSection][key] = value;
        }
      }
    }
  }
  return map;
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/readFile.js

var filePromises = {};
var fileIntercept = {};
var readFile = (path, options) => {
  if (fileIntercept[path] !== void 0) {
    return fileIntercept[path];
  }
  if (!filePromises[path] || options?.ignoreCache) {
    filePromises[path] = (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_3__.readFile)(path, "utf8");
  }
  return filePromises[path];
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js
var swallowError = () => ({});
var loadSharedConfigFiles = async (init = {}) => {
  const { filepath = getCredentialsFilepath(), configFilepath = getConfigFilepath() } = init;
  const homeDir = getHomeDir();
  const relativeHomeDirPrefix = "~/";
  let resolvedFilepath = filepath;
  if (filepath.startsWith(relativeHomeDirPrefix)) {
    resolvedFilepath = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(homeDir, filepath.slice(2));
  }
  let resolvedConfigFilepath = configFilepath;
  if (configFilepath.startsWith(relativeHomeDirPrefix)) {
    resolvedConfigFilepath = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(homeDir, configFilepath.slice(2));
  }
  const parsedFiles = await Promise.all([
    readFile(resolvedConfigFilepath, {
      ignoreCache: init.ignoreCache
    }).then(parseIni).then(getConfigData).catch(swallowError),
    readFile(resolvedFilepath, {
      ignoreCache: init.ignoreCache
    }).then(parseIni).catch(swallowError)
  ]);
  return {
    configFile: parsedFiles[0],
    credentialsFile: parsedFiles[1]
  };
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getSsoSessionData.js
var getSsoSessionData = (data) => Object.entries(data).filter(([key]) => key.startsWith(_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .IniSectionType */ .Ip.SSO_SESSION + CONFIG_PREFIX_SEPARATOR)).reduce((acc, [key, value]) => ({ ...acc, [key.substring(key.indexOf(CONFIG_PREFIX_SEPARATOR) + 1)]: value }), {});

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSsoSessionData.js
var swallowError2 = () => ({});
var loadSsoSessionData = async (init = {}) => readFile(init.configFilepath ?? getConfigFilepath()).then(parseIni).then(getSsoSessionData).catch(swallowError2);

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/mergeConfigFiles.js
var mergeConfigFiles = (...files) => {
  const merged = {};
  for (const file of files) {
    for (const [key, values] of Object.entries(file)) {
      if (merged[key] !== void 0) {
        Object.assign(merged[key], values);
      } else {
        merged[key] = values;
      }
    }
  }
  return merged;
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/parseKnownFiles.js
var parseKnownFiles = async (init) => {
  const parsedFiles = await loadSharedConfigFiles(init);
  return mergeConfigFiles(parsedFiles.configFile, parsedFiles.credentialsFile);
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getSSOTokenFromFile.js


// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getSSOTokenFilepath.js


var getSSOTokenFilepath = (id) => {
  const hasher = (0,node_crypto__WEBPACK_IMPORTED_MODULE_4__.createHash)("sha1");
  const cacheName = hasher.update(id).digest("hex");
  return (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(getHomeDir(), ".aws", "sso", "cache", `${cacheName}.json`);
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/getSSOTokenFromFile.js
var tokenIntercept = {};
var getSSOTokenFromFile = async (id) => {
  if (tokenIntercept[id]) {
    return tokenIntercept[id];
  }
  const ssoTokenFilepath = getSSOTokenFilepath(id);
  const ssoTokenText = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_3__.readFile)(ssoTokenFilepath, "utf8");
  return JSON.parse(ssoTokenText);
};

// node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/externalDataInterceptor.js
var externalDataInterceptor = {
  getFileRecord() {
    return fileIntercept;
  },
  interceptFile(path, contents) {
    fileIntercept[path] = Promise.resolve(contents);
  },
  getTokenRecord() {
    return tokenIntercept;
  },
  interceptToken(id, contents) {
    tokenIntercept[id] = contents;
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/property-provider/chain.js
var chain = (...providers) => async () => {
  if (providers.length === 0) {
    throw new ProviderError("No providers in chain");
  }
  let lastProviderError;
  for (const provider of providers) {
    try {
      const credentials = await provider();
      return credentials;
    } catch (err) {
      lastProviderError = err;
      if (err?.tryNextLink) {
        continue;
      }
      throw err;
    }
  }
  throw lastProviderError;
};

// node_modules/@smithy/core/dist-es/submodules/config/property-provider/memoize.js
var memoize = (provider, isExpired, requiresRefresh) => {
  let resolved;
  let pending;
  let hasResult;
  let isConstant = false;
  const coalesceProvider = async () => {
    if (!pending) {
      pending = provider();
    }
    try {
      resolved = await pending;
      hasResult = true;
      isConstant = false;
    } finally {
      pending = void 0;
    }
    return resolved;
  };
  if (isExpired === void 0) {
    return async (options) => {
      if (!hasResult || options?.forceRefresh) {
        resolved = await coalesceProvider();
      }
      return resolved;
    };
  }
  return async (options) => {
    if (!hasResult || options?.forceRefresh) {
      resolved = await coalesceProvider();
    }
    if (isConstant) {
      return resolved;
    }
    if (requiresRefresh && !requiresRefresh(resolved)) {
      isConstant = true;
      return resolved;
    }
    if (isExpired(resolved)) {
      await coalesceProvider();
      return resolved;
    }
    return resolved;
  };
};

// node_modules/@smithy/core/dist-es/submodules/config/node-config-provider/getSelectorName.js
function getSelectorName(functionString) {
  try {
    const constants = new Set(Array.from(functionString.match(/([A-Z_]){3,}/g) ?? []));
    constants.delete("CONFIG");
    constants.delete("CONFIG_PREFIX_SEPARATOR");
    constants.delete("ENV");
    return [...constants].join(", ");
  } catch (ignored) {
    return functionString;
  }
}

// node_modules/@smithy/core/dist-es/submodules/config/node-config-provider/fromEnv.js
var fromEnv = (envVarSelector, options) => async () => {
  try {
    const config = envVarSelector(process.env, options);
    if (config === void 0) {
      throw new Error();
    }
    return config;
  } catch (e) {
    throw new CredentialsProviderError(e.message || `Not found in ENV: ${getSelectorName(envVarSelector.toString())}`, { logger: options?.logger });
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/node-config-provider/fromSharedConfigFiles.js
var fromSharedConfigFiles = (configSelector, { preferredFile = "config", ...init } = {}) => async () => {
  const profile = getProfileName(init);
  const { configFile, credentialsFile } = await loadSharedConfigFiles(init);
  const profileFromCredentials = credentialsFile[profile] || {};
  const profileFromConfig = configFile[profile] || {};
  const mergedProfile = preferredFile === "config" ? { ...profileFromCredentials, ...profileFromConfig } : { ...profileFromConfig, ...profileFromCredentials };
  try {
    const cfgFile = preferredFile === "config" ? configFile : credentialsFile;
    const configValue = configSelector(mergedProfile, cfgFile);
    if (configValue === void 0) {
      throw new Error();
    }
    return configValue;
  } catch (e) {
    throw new CredentialsProviderError(e.message || `Not found in config files w/ profile [${profile}]: ${getSelectorName(configSelector.toString())}`, { logger: init.logger });
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/property-provider/fromValue.js
var fromValue = (staticValue) => () => Promise.resolve(staticValue);

// node_modules/@smithy/core/dist-es/submodules/config/node-config-provider/fromStatic.js
var isFunction = (func) => typeof func === "function";
var fromStatic = (defaultValue) => isFunction(defaultValue) ? async () => await defaultValue() : fromValue(defaultValue);

// node_modules/@smithy/core/dist-es/submodules/config/node-config-provider/configLoader.js
var loadConfig = ({ environmentVariableSelector, configFileSelector, default: defaultValue }, configuration = {}) => {
  const { signingName, logger } = configuration;
  const envOptions = { signingName, logger };
  return memoize(chain(fromEnv(environmentVariableSelector, envOptions), fromSharedConfigFiles(configFileSelector, configuration), fromStatic(defaultValue)));
};

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/checkRegion.js
var validRegions = /* @__PURE__ */ new Set();
var checkRegion = (region, check = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .isValidHostLabel */ .X8) => {
  if (!validRegions.has(region) && !check(region)) {
    if (region === "*") {
      console.warn(`@smithy/config-resolver WARN - Please use the caller region instead of "*". See "sigv4a" in https://github.com/aws/aws-sdk-js-v3/blob/main/supplemental-docs/CLIENTS.md.`);
    } else {
      throw new Error(`Region not accepted: region="${region}" is not a valid hostname component.`);
    }
  } else {
    validRegions.add(region);
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/isFipsRegion.js
var isFipsRegion = (region) => typeof region === "string" && (region.startsWith("fips-") || region.endsWith("-fips"));

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getRealRegion.js
var getRealRegion = (region) => isFipsRegion(region) ? ["fips-aws-global", "aws-fips"].includes(region) ? "us-east-1" : region.replace(/fips-(dkr-|prod-)?|-fips/, "") : region;

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/resolveRegionConfig.js
var resolveRegionConfig = (input) => {
  const { region, useFipsEndpoint } = input;
  if (!region) {
    throw new Error("Region is missing");
  }
  return Object.assign(input, {
    region: async () => {
      const providedRegion = typeof region === "function" ? await region() : region;
      const realRegion = getRealRegion(providedRegion);
      checkRegion(realRegion);
      return realRegion;
    },
    useFipsEndpoint: async () => {
      const providedRegion = typeof region === "string" ? region : await region();
      if (isFipsRegion(providedRegion)) {
        return true;
      }
      return typeof useFipsEndpoint !== "function" ? Promise.resolve(!!useFipsEndpoint) : useFipsEndpoint();
    }
  });
};

// node_modules/@smithy/core/dist-es/submodules/config/property-provider/TokenProviderError.js
var TokenProviderError = class _TokenProviderError extends ProviderError {
  name = "TokenProviderError";
  constructor(message, options = true) {
    super(message, options);
    Object.setPrototypeOf(this, _TokenProviderError.prototype);
  }
};

// node_modules/@smithy/core/dist-es/submodules/config/util-config-provider/booleanSelector.js
var booleanSelector = (obj, key, type) => {
  if (!(key in obj)) {
    return void 0;
  }
  if (obj[key] === "true") {
    return true;
  }
  if (obj[key] === "false") {
    return false;
  }
  throw new Error(`Cannot load ${type} "${key}". Expected "true" or "false", got ${obj[key]}.`);
};

// node_modules/@smithy/core/dist-es/submodules/config/util-config-provider/types.js
var SelectorType;
(function(SelectorType2) {
  SelectorType2["ENV"] = "env";
  SelectorType2["CONFIG"] = "shared config entry";
})(SelectorType || (SelectorType = {}));

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/endpointsConfig/NodeUseDualstackEndpointConfigOptions.js
var ENV_USE_DUALSTACK_ENDPOINT = "AWS_USE_DUALSTACK_ENDPOINT";
var CONFIG_USE_DUALSTACK_ENDPOINT = "use_dualstack_endpoint";
var NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS = {
  environmentVariableSelector: (env) => booleanSelector(env, ENV_USE_DUALSTACK_ENDPOINT, SelectorType.ENV),
  configFileSelector: (profile) => booleanSelector(profile, CONFIG_USE_DUALSTACK_ENDPOINT, SelectorType.CONFIG),
  default: false
};

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/endpointsConfig/NodeUseFipsEndpointConfigOptions.js
var ENV_USE_FIPS_ENDPOINT = "AWS_USE_FIPS_ENDPOINT";
var CONFIG_USE_FIPS_ENDPOINT = "use_fips_endpoint";
var NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS = {
  environmentVariableSelector: (env) => booleanSelector(env, ENV_USE_FIPS_ENDPOINT, SelectorType.ENV),
  configFileSelector: (profile) => booleanSelector(profile, CONFIG_USE_FIPS_ENDPOINT, SelectorType.CONFIG),
  default: false
};

// node_modules/@smithy/core/dist-es/submodules/config/defaults-mode/constants.js
var AWS_EXECUTION_ENV = "AWS_EXECUTION_ENV";
var AWS_REGION_ENV = "AWS_REGION";
var AWS_DEFAULT_REGION_ENV = "AWS_DEFAULT_REGION";
var ENV_IMDS_DISABLED = "AWS_EC2_METADATA_DISABLED";
var DEFAULTS_MODE_OPTIONS = ["in-region", "cross-region", "mobile", "standard", "legacy"];
var IMDS_REGION_PATH = "/latest/meta-data/placement/region";
var IMDS_TOKEN_PATH = "/latest/api/token";
var X_AWS_EC2_METADATA_TOKEN = "x-aws-ec2-metadata-token";
var X_AWS_EC2_METADATA_TOKEN_TTL = "x-aws-ec2-metadata-token-ttl-seconds";

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion.js
var TIMEOUT_MS = 1e3;
var NEG_CACHE_TTL_MS = 6e4;
var negativeCacheUntil = 0;
var getInstanceMetadataRegion = async () => {
  if (process.env[ENV_IMDS_DISABLED]) {
    return void 0;
  }
  if (Date.now() < negativeCacheUntil) {
    return void 0;
  }
  try {
    const endpoint = resolveImdsEndpoint();
    const token = (await imdsRequest({
      ...endpoint,
      path: IMDS_TOKEN_PATH,
      method: "PUT",
      headers: {
        [X_AWS_EC2_METADATA_TOKEN_TTL]: "21600"
      }
    })).toString();
    const region = (await imdsRequest({
      ...endpoint,
      path: IMDS_REGION_PATH,
      method: "GET",
      headers: {
        [X_AWS_EC2_METADATA_TOKEN]: token
      }
    })).toString().trim();
    return region || cacheNegativeAndReturnUndefined();
  } catch {
    return cacheNegativeAndReturnUndefined();
  }
};
var cacheNegativeAndReturnUndefined = () => {
  negativeCacheUntil = Date.now() + NEG_CACHE_TTL_MS;
  return void 0;
};
var resolveImdsEndpoint = () => {
  const envEndpoint = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  if (envEndpoint) {
    const url = new URL(envEndpoint);
    return {
      hostname: url.hostname.replace(/^\[(.+)]$/, "$1"),
      port: url.port ? Number(url.port) : void 0
    };
  }
  if (process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE === "IPv6") {
    return { hostname: "fd00:ec2::254" };
  }
  return { hostname: "169.254.169.254" };
};
var imdsRequest = async (options) => {
  const { request } = await Promise.resolve(/* import() */).then(__nccwpck_require__.t.bind(__nccwpck_require__, 7067, 19));
  return new Promise((resolve, reject) => {
    const req = request({
      hostname: options.hostname,
      port: options.port,
      path: options.path,
      method: options.method,
      headers: options.headers,
      timeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS)
    });
    req.on("error", (err) => {
      reject(err);
      req.destroy();
    });
    req.on("timeout", () => {
      reject(new Error("TimeoutError from instance metadata service"));
      req.destroy();
    });
    req.on("response", (res) => {
      const { statusCode = 400 } = res;
      if (statusCode < 200 || statusCode >= 300) {
        reject(Object.assign(new Error("Error response received from instance metadata service"), { statusCode }));
        req.destroy();
        return;
      }
      const chunks = [];
      res.on("data", (chunk) => chunks.push(chunk));
      res.on("end", () => {
        resolve(Buffer.concat(chunks));
        req.destroy();
      });
    });
    req.end();
  });
};

// node_modules/@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/config.js
var REGION_ENV_NAME = "AWS_REGION";
var REGION_INI_NAME = "region";
var NODE_REGION_CONFIG_OPTIONS = {
  environmentVariableSelector: (env) => env[REGION_ENV_NAME],
  configFileSelector: (profile) => profile[REGION_INI_NAME],
  default: async () => {
    const region = await getInstanceMetadataRegion();
    if (region) {
      return region;
    }
    throw new Error("Region is missing");
  }
};
var NODE_REGION_CONFIG_FILE_OPTIONS = {
  preferredFile: "credentials"
};

// node_modules/@smithy/core/dist-es/submodules/config/defaults-mode/defaultsModeConfig.js
var AWS_DEFAULTS_MODE_ENV = "AWS_DEFAULTS_MODE";
var AWS_DEFAULTS_MODE_CONFIG = "defaults_mode";
var NODE_DEFAULTS_MODE_CONFIG_OPTIONS = {
  environmentVariableSelector: (env) => {
    return env[AWS_DEFAULTS_MODE_ENV];
  },
  configFileSelector: (profile) => {
    return profile[AWS_DEFAULTS_MODE_CONFIG];
  },
  default: "legacy"
};

// node_modules/@smithy/core/dist-es/submodules/config/defaults-mode/resolveDefaultsModeConfig.js
var resolveDefaultsModeConfig = ({ region = loadConfig(NODE_REGION_CONFIG_OPTIONS), defaultsMode = loadConfig(NODE_DEFAULTS_MODE_CONFIG_OPTIONS) } = {}) => memoize(async () => {
  const mode = typeof defaultsMode === "function" ? await defaultsMode() : defaultsMode;
  switch (mode?.toLowerCase()) {
    case "auto":
      return resolveNodeDefaultsModeAuto(region);
    case "in-region":
    case "cross-region":
    case "mobile":
    case "standard":
    case "legacy":
      return Promise.resolve(mode?.toLocaleLowerCase());
    case void 0:
      return Promise.resolve("legacy");
    default:
      throw new Error(`Invalid parameter for "defaultsMode", expect ${DEFAULTS_MODE_OPTIONS.join(", ")}, got ${mode}`);
  }
});
var resolveNodeDefaultsModeAuto = async (clientRegion) => {
  if (clientRegion) {
    const resolvedRegion = typeof clientRegion === "function" ? await clientRegion() : clientRegion;
    const inferredRegion = await inferPhysicalRegion();
    if (!inferredRegion) {
      return "standard";
    }
    if (resolvedRegion === inferredRegion) {
      return "in-region";
    } else {
      return "cross-region";
    }
  }
  return "standard";
};
var inferPhysicalRegion = async () => {
  if (process.env[AWS_EXECUTION_ENV] && (process.env[AWS_REGION_ENV] || process.env[AWS_DEFAULT_REGION_ENV])) {
    return process.env[AWS_REGION_ENV] ?? process.env[AWS_DEFAULT_REGION_ENV];
  }
  return getInstanceMetadataRegion();
};

// node_modules/@smithy/core/dist-es/submodules/protocols/middleware-content-length/contentLengthMiddleware.js
var CONTENT_LENGTH_HEADER = "content-length";
function contentLengthMiddleware(bodyLengthChecker) {
  return (next) => async (args) => {
    const request = args.request;
    if (_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .HttpRequest */ .Kd.isInstance(request)) {
      const { body, headers } = request;
      if (body && Object.keys(headers).map((str) => str.toLowerCase()).indexOf(CONTENT_LENGTH_HEADER) === -1) {
        try {
          const length = bodyLengthChecker(body);
          if (length != null) {
            request.headers = {
              ...request.headers,
              [CONTENT_LENGTH_HEADER]: String(length)
            };
          }
        } catch (ignored) {
        }
      }
    }
    return next({
      ...args,
      request
    });
  };
}
var contentLengthMiddlewareOptions = {
  step: "build",
  tags: ["SET_CONTENT_LENGTH", "CONTENT_LENGTH"],
  name: "contentLengthMiddleware",
  override: true
};
var getContentLengthPlugin = (options) => ({
  applyToStack: (clientStack) => {
    clientStack.add(contentLengthMiddleware(options.bodyLengthChecker), contentLengthMiddlewareOptions);
  }
});

// node_modules/@smithy/core/dist-es/submodules/protocols/collect-stream-body.js
var collectBody = async (streamBody = new Uint8Array(), context) => {
  if (streamBody instanceof Uint8Array) {
    return _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .Uint8ArrayBlobAdapter */ .Mu.mutate(streamBody);
  }
  if (!streamBody) {
    return _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .Uint8ArrayBlobAdapter */ .Mu.mutate(new Uint8Array());
  }
  const fromContext = context.streamCollector(streamBody);
  return _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .Uint8ArrayBlobAdapter */ .Mu.mutate(await fromContext);
};

// node_modules/@smithy/core/dist-es/submodules/protocols/extended-encode-uri-component.js
function extendedEncodeURIComponent(str) {
  if (/^[\w.~-]+$/.test(str)) {
    return str;
  }
  return encodeURIComponent(str).replace(/[!'()*]/g, function(c) {
    return "%" + c.charCodeAt(0).toString(16).toUpperCase();
  });
}

// node_modules/@smithy/core/dist-es/submodules/protocols/HttpBindingNormalizedSchema.js
var HTTP_BINDINGS = /* @__PURE__ */ Symbol.for("@smithy/schema-x");
var HttpBindingNormalizedSchema = class _HttpBindingNormalizedSchema extends _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1 {
  static identity = /* @__PURE__ */ Symbol.for("@smithy/HttpBindingNormalizedSchema");
  identity = _HttpBindingNormalizedSchema.identity;
  bindings;
  constructor(schema) {
    super(schema);
  }
  static of(schema) {
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
    if (ns.identity === _HttpBindingNormalizedSchema.identity) {
      return ns;
    }
    const schemaCache = ns.isMemberSchema() ? ns : ns.getSchema();
    const cache = typeof schemaCache === "object" && schemaCache !== null ? schemaCache : ns;
    return cache[HTTP_BINDINGS] ??= new _HttpBindingNormalizedSchema(ns);
  }
  getHttpBindingLocation(traits) {
    if (traits.httpPayload) {
      return 36;
    }
    if (traits.httpLabel) {
      return 33;
    }
    if (traits.httpHeader) {
      return 38;
    }
    if (typeof traits.httpPrefixHeaders === "string") {
      return 39;
    }
    if (traits.httpQuery) {
      return 34;
    }
    if (traits.httpQueryParams) {
      return 35;
    }
    if (traits.httpResponseCode) {
      return 37;
    }
    return 32;
  }
  getHttpBindingValue(location, traits, nested = false) {
    const raw = this.getSchema();
    const type = typeof raw === "number" ? raw & 255 : this.isListSchema() ? 64 : 255;
    const slot = location & 7;
    const media = traits.mediaType ? traits.mediaType === "application/json" || traits.mediaType.endsWith("+json") ? 2 : 1 : 0;
    const stream = traits.streaming || type === 42 ? this.isStructSchema() ? 2 : 1 : 0;
    const timestamp = type >= 4 && type <= 7 ? slot >= 6 ? 2 : slot > 0 && slot < 4 ? 1 : 0 : 0;
    let flags = type | media << 8 | (traits.idempotencyToken ? 1 : 0) << 10 | stream << 11 | (traits.sparse ? 1 : 0) << 13 | timestamp << 14 | (traits.hostLabel ? 1 : 0) << 17 | (location === 36 && typeof raw !== "object" ? 1 : 0) << 18;
    const category = type & 192;
    const collectionValue = slot & 2 && (category === 64 || !nested && slot & 1) ? this.getHttpBindingCollectionValue(location, traits) : void 0;
    const valueType = (collectionValue?.[1] ?? 0) & 255;
    flags |= (slot >= 6 && (valueType === 4 || valueType === 6) ? 1 : 0) << 16;
    return [this, flags, collectionValue];
  }
  getHttpBindingCollectionValue(location, traits = this.getMergedTraits()) {
    const valueSchema = _HttpBindingNormalizedSchema.of(this.getValueSchema());
    return valueSchema.getHttpBindingValue(location, { ...valueSchema.getMergedTraits(), ...traits }, true);
  }
  getHttpBindings() {
    const source = this.getSchema();
    return typeof source !== "object" || source === null ? EMPTY_BINDINGS : this.bindings ??= buildHttpBindings(this);
  }
};
var buildHttpBindings = (schema) => {
  const bodyMemberNames = [];
  const bodyMemberSchemas = [];
  const requestBodyMemberNames = [];
  const requestBodyMemberSchemas = [];
  const memberBindings = [];
  const byName = {};
  const headers = {};
  const prefixHeaders = [];
  const responseBindings = { headers, prefixHeaders };
  const bindings = {
    request: { memberBindings, byName },
    response: {
      bodyMemberNames,
      bindings: responseBindings
    }
  };
  const { request, response } = bindings;
  for (const [name, member] of schema.structIterator()) {
    const bindingSchema = HttpBindingNormalizedSchema.of(member);
    const traits = bindingSchema.getMergedTraits();
    const location = bindingSchema.getHttpBindingLocation(traits);
    const wireName = traits.httpHeader?.toLowerCase() ?? traits.httpPrefixHeaders?.toLowerCase() ?? traits.httpQuery;
    const value = bindingSchema.getHttpBindingValue(location, traits);
    const binding = [name, value, location, wireName];
    if (name === "__proto__") {
      (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .writeKey */ .TE)(byName);
    }
    byName[name] = binding;
    if (value[1] >> 10 & 1) {
      request.hasIdempotency = true;
    }
    memberBindings.push(binding);
    const slot = location & 7;
    if (slot === 0) {
      requestBodyMemberNames.push(name);
      requestBodyMemberSchemas.push(member);
    }
    if ((slot & 4) === 0) {
      bodyMemberNames.push(name);
      bodyMemberSchemas.push(member);
    } else if ((slot & 6) === 4) {
      if (slot & 1) {
        responseBindings.statusCode = binding;
      } else {
        responseBindings.payload = binding;
        const type = value[1] & 255;
        request.contentTypeInstruction = traits.mediaType ?? (type === 0 ? "text/plain" : type === 21 || type === 42 ? "application/octet-stream" : null);
      }
    } else if (slot & 1) {
      request.hasPrefixHeaders = true;
      prefixHeaders.push(binding);
    } else {
      if (wireName === "__proto__") {
        (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .writeKey */ .TE)(headers);
      }
      headers[wireName] = binding;
    }
  }
  if (request.contentTypeInstruction === void 0 && requestBodyMemberNames.length) {
    request.contentTypeInstruction = null;
  }
  request.syntheticBodySchema = createBodySchema(schema, requestBodyMemberNames, requestBodyMemberSchemas);
  response.syntheticBodySchema = createBodySchema(schema, bodyMemberNames, bodyMemberSchemas);
  return bindings;
};
var buildPathSegments = (path) => {
  const segments = [];
  let offset = 0;
  for (const match of path.matchAll(/\{([^{}+]+)(\+)?\}/g)) {
    if (match.index > offset) {
      segments.push([path.slice(offset, match.index), 0]);
    }
    segments.push([match[1], match[2] ? 2 : 1]);
    offset = match.index + match[0].length;
  }
  if (segments.length && offset < path.length) {
    segments.push([path.slice(offset), 0]);
  }
  return segments.length ? segments : void 0;
};
var buildHttpOperationBindings = (schema) => {
  const { http, endpoint } = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .translateTraits */ .cX)(schema.traits ?? {});
  const [path, search] = http?.[1].split("?") ?? [];
  return [
    http?.[0],
    path,
    search ? [...new URLSearchParams(search)] : [],
    path ? buildPathSegments(path) : void 0,
    endpoint?.[0]
  ];
};
var EMPTY_BINDINGS = {
  request: { memberBindings: [], byName: {} },
  response: {
    bodyMemberNames: [],
    bindings: { headers: {}, prefixHeaders: [] }
  }
};
var getHttpOperationBindings = (schema) => schema[HTTP_BINDINGS] ??= buildHttpOperationBindings(schema);
var createBodySchema = (schema, memberNames, memberSchemas) => {
  if (!memberNames.length) {
    return void 0;
  }
  const source = schema.getSchema();
  const body = [
    3,
    source[1],
    source[2],
    schema.getMergedTraits(),
    memberNames,
    memberSchemas
  ];
  const required = source[6];
  const bodyRequired = required && memberNames.reduce((count, name) => count + (source[4].indexOf(name) < required ? 1 : 0), 0);
  if (bodyRequired) {
    body[6] = bodyRequired;
  }
  return body;
};

// node_modules/@smithy/core/dist-es/submodules/protocols/SerdeContext.js
var SerdeContext = class {
  serdeContext;
  setSerdeContext(serdeContext) {
    this.serdeContext = serdeContext;
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/HttpProtocol.js
var HttpProtocol = class extends SerdeContext {
  options;
  compositeErrorRegistry;
  constructor(options) {
    super();
    this.options = options;
    this.compositeErrorRegistry = new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .TypeRegistry */ .OF(options.defaultNamespace);
    for (const etr of options.errorTypeRegistries ?? []) {
      this.compositeErrorRegistry.copyFrom(etr);
    }
  }
  getRequestType() {
    return _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .HttpRequest */ .Kd;
  }
  getResponseType() {
    return _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .HttpResponse */ .cS;
  }
  setSerdeContext(serdeContext) {
    this.serdeContext = serdeContext;
    this.serializer.setSerdeContext(serdeContext);
    this.deserializer.setSerdeContext(serdeContext);
    if (this.getPayloadCodec()) {
      this.getPayloadCodec().setSerdeContext(serdeContext);
    }
  }
  updateServiceEndpoint(request, endpoint) {
    if ("url" in endpoint) {
      request.protocol = endpoint.url.protocol;
      request.hostname = endpoint.url.hostname;
      request.port = endpoint.url.port ? Number(endpoint.url.port) : void 0;
      request.path = endpoint.url.pathname;
      request.fragment = endpoint.url.hash || void 0;
      request.username = endpoint.url.username || void 0;
      request.password = endpoint.url.password || void 0;
      if (!request.query) {
        request.query = {};
      }
      for (const [k, v] of endpoint.url.searchParams.entries()) {
        request.query[k] = v;
      }
      if (endpoint.headers) {
        for (const name in endpoint.headers) {
          if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(endpoint.headers, name)) {
            continue;
          }
          request.headers[name] = endpoint.headers[name].join(", ");
        }
      }
      return request;
    } else {
      request.protocol = endpoint.protocol;
      request.hostname = endpoint.hostname;
      request.port = endpoint.port ? Number(endpoint.port) : void 0;
      request.path = endpoint.path;
      request.query = {
        ...endpoint.query
      };
      if (endpoint.headers) {
        for (const name in endpoint.headers) {
          if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(endpoint.headers, name)) {
            continue;
          }
          request.headers[name] = endpoint.headers[name];
        }
      }
      return request;
    }
  }
  setHostPrefix(request, operationSchema, input, operation = getHttpOperationBindings(operationSchema)) {
    if (this.serdeContext?.disableHostPrefix) {
      return;
    }
    const hostPrefix = operation[4];
    if (typeof hostPrefix !== "string") {
      return;
    }
    let resolvedHostPrefix = hostPrefix;
    for (const [name, [, flags]] of HttpBindingNormalizedSchema.of(operationSchema.input).getHttpBindings().request.memberBindings) {
      if (!(flags >> 17 & 1)) {
        continue;
      }
      const replacement = input[name];
      if (typeof replacement !== "string") {
        throw new Error(`@smithy/core/schema - ${name} in input must be a string as hostLabel.`);
      }
      resolvedHostPrefix = resolvedHostPrefix.replace(`{${name}}`, replacement);
    }
    request.hostname = resolvedHostPrefix + request.hostname;
    if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .isValidHostname */ .oJ)(request.hostname)) {
      throw new Error(`[${request.hostname}] is not a valid hostname.`);
    }
  }
  deserializeMetadata(output) {
    return {
      httpStatusCode: output.statusCode,
      requestId: output.headers["x-amzn-requestid"] ?? output.headers["x-amzn-request-id"] ?? output.headers["x-amz-request-id"],
      extendedRequestId: output.headers["x-amz-id-2"],
      cfId: output.headers["x-amz-cf-id"]
    };
  }
  resolveError(name, namespaces, registries) {
    const defaultErrorSchema = [-3, "", "Error", 0, [], [], 0];
    let schema;
    for (const registry of registries) {
      for (const ns of namespaces) {
        try {
          if (ns === "*") {
            schema = registry.getSchema(name);
          } else {
            schema = registry.getSchema(ns + "#" + name);
          }
          const errorCtor = registry.getErrorCtor(schema);
          if (errorCtor) {
            return [schema, errorCtor, "modeled"];
          } else {
            const syntheticErrorSchema = registry.getBaseException();
            if (syntheticErrorSchema) {
              const syntheticErrorCtor = registry.getErrorCtor(syntheticErrorSchema);
              if (syntheticErrorCtor) {
                return [schema, syntheticErrorCtor, "synthetic"];
              }
            }
          }
        } catch (ignored) {
        }
      }
    }
    for (const registry of registries) {
      const syntheticErrorSchema = registry.getBaseException();
      if (syntheticErrorSchema) {
        const syntheticErrorCtor = registry.getErrorCtor(syntheticErrorSchema);
        if (syntheticErrorCtor) {
          return [syntheticErrorSchema, syntheticErrorCtor, "synthetic"];
        }
      }
    }
    return [defaultErrorSchema, Error, "native"];
  }
  async serializeEventStream({ eventStream, requestSchema, initialRequest }) {
    const eventStreamSerde = await this.loadEventStreamCapability();
    return eventStreamSerde.serializeEventStream({
      eventStream,
      requestSchema,
      initialRequest
    });
  }
  async deserializeEventStream({ response, responseSchema, initialResponseContainer }) {
    const eventStreamSerde = await this.loadEventStreamCapability();
    return eventStreamSerde.deserializeEventStream({
      response,
      responseSchema,
      initialResponseContainer
    });
  }
  async loadEventStreamCapability() {
    const { EventStreamSerde, eventStreamSerdeProvider } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 6062));
    const marshaller = this.resolveEventStreamMarshaller(eventStreamSerdeProvider);
    return new EventStreamSerde({
      marshaller,
      serializer: this.serializer,
      deserializer: this.deserializer,
      serdeContext: this.serdeContext,
      defaultContentType: this.getDefaultContentType(),
      compositeErrorRegistry: this.compositeErrorRegistry
    });
  }
  getDefaultContentType() {
    throw new Error(`@smithy/core/protocols - ${this.constructor.name} getDefaultContentType() implementation missing.`);
  }
  async deserializeHttpMessage(schema, context, response, arg4, arg5) {
    void schema;
    void context;
    void response;
    void arg4;
    void arg5;
    return [];
  }
  getEventStreamMarshaller() {
    const context = this.serdeContext;
    if (!context.eventStreamMarshaller) {
      throw new Error("@smithy/core - HttpProtocol: eventStreamMarshaller missing in serdeContext.");
    }
    return context.eventStreamMarshaller;
  }
  resolveEventStreamMarshaller(importedProvider) {
    const context = this.serdeContext;
    if (context.eventStreamMarshaller) {
      return context.eventStreamMarshaller;
    }
    return importedProvider(this.serdeContext);
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/HttpBindingProtocol.js
var HttpBindingProtocol = class extends HttpProtocol {
  async serializeRequest(operationSchema, _input, context) {
    const input = _input && typeof _input === "object" ? _input : {};
    const query = {};
    const headers = {};
    const endpoint = await context.endpoint();
    const ns = HttpBindingNormalizedSchema.of(operationSchema?.input);
    const bindings = ns.getHttpBindings().request;
    const operation = getHttpOperationBindings(operationSchema);
    const request = new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .HttpRequest */ .Kd({ query, headers });
    if (endpoint) {
      this.updateServiceEndpoint(request, endpoint);
      this.setHostPrefix(request, operationSchema, input, operation);
      const [method, path, staticQuery] = operation;
      if (method) {
        request.method = method;
        request.path = request.path === "/" ? path : request.path + path;
        for (const [key, value] of staticQuery) {
          query[key] = value;
        }
      }
    }
    request.query = query;
    const eventStream = this.serializeHttpBindings(input, request, bindings, operation);
    if (eventStream) {
      request.body = await this.serializeEventStream({ eventStream, requestSchema: ns });
    }
    return request;
  }
  serializeHttpBindings(input, request, bindings, operation) {
    const serializer = this.serializer;
    const directSerializer = typeof serializer.writeCodec === "function" ? serializer : void 0;
    const query = request.query;
    const headers = request.headers;
    const bodySchema = bindings.syntheticBodySchema;
    let hasBodyValue = false;
    let payload;
    let eventStream;
    let labels;
    const names = Object.getOwnPropertyNames(input);
    const prototype = Object.getPrototypeOf(input);
    const sparse = (prototype === Object.prototype || prototype === null) && !bindings.hasIdempotency && !bindings.hasPrefixHeaders && names.length * 2 < bindings.memberBindings.length;
    const length = sparse ? names.length : bindings.memberBindings.length;
    for (let i = 0; i < length; ++i) {
      const binding = sparse ? (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(bindings.byName, names[i]) ? bindings.byName[names[i]] : void 0 : bindings.memberBindings[i];
      if (!binding) {
        continue;
      }
      const value = binding[1];
      const memberName = binding[0];
      const memberNs = value[0];
      const flags = value[1];
      const collectionValue = value[2];
      const location = binding[2];
      const wireName = binding[3];
      const inputMemberValue = input[memberName];
      if (inputMemberValue == null && !(flags >> 10 & 1)) {
        continue;
      }
      if (location === 36) {
        const stream = flags >> 11 & 3;
        if (stream) {
          if (stream === 2) {
            eventStream = inputMemberValue || void 0;
          } else {
            payload = inputMemberValue;
          }
        } else {
          if (directSerializer) {
            directSerializer.writeCodec(memberNs, inputMemberValue);
          } else {
            serializer.write(memberNs, inputMemberValue);
          }
          payload = serializer.flush();
        }
      } else if (location === 33 || location === 38) {
        const serialized = this.serializeHttpValue(value, inputMemberValue, location, directSerializer);
        if (location === 33) {
          (labels ??= /* @__PURE__ */ Object.create(null))[memberName] = serialized;
        } else {
          headers[wireName] = serialized;
        }
      } else if (location === 39) {
        for (const key in inputMemberValue) {
          if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(inputMemberValue, key)) {
            continue;
          }
          const amalgam = wireName + key;
          headers[amalgam.toLowerCase()] = this.serializeHttpValue(collectionValue, inputMemberValue[key], 38, directSerializer, directSerializer ? collectionValue[0] : [collectionValue[0], { httpHeader: amalgam }]);
        }
      } else if ((location & 62) === 34) {
        this.serializeQuery(value, inputMemberValue, wireName, query, directSerializer);
      } else {
        hasBodyValue = true;
      }
    }
    const operationPath = operation[1];
    const pathSegments = operation[3];
    if (operationPath && pathSegments && request.path.endsWith(operationPath)) {
      request.path = request.path.slice(0, -operationPath.length) + this.serializePath(pathSegments, labels, bindings);
    }
    if (hasBodyValue && bodySchema) {
      if (directSerializer) {
        directSerializer.writeCodec(bodySchema, input);
      } else {
        serializer.write(bodySchema, input);
      }
      payload = serializer.flush();
    }
    request.body = payload;
    return eventStream;
  }
  serializeQuery(value, data, wireName, query, directSerializer) {
    const [ns, flags, collectionValue] = value;
    const traits = directSerializer ? void 0 : ns.getMergedTraits();
    if (wireName === void 0) {
      for (const key in data) {
        if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(data, key) || key in query) {
          continue;
        }
        if (!directSerializer) {
          Object.assign(collectionValue[0].getMergedTraits(), {
            ...traits,
            httpQuery: key,
            httpQueryParams: void 0
          });
        }
        this.serializeQuery(collectionValue, data[key], key, query, directSerializer);
      }
      return;
    }
    if ((flags & 192) === 64) {
      const buffer = [];
      for (const item of data) {
        const serialized = this.serializeHttpValue(collectionValue, item, 34, directSerializer, directSerializer ? collectionValue[0] : [collectionValue[0], traits]);
        if (flags >> 13 & 1 || serialized !== void 0) {
          buffer.push(serialized);
        }
      }
      query[wireName] = buffer;
    } else {
      query[wireName] = this.serializeHttpValue(value, data, 34, directSerializer, directSerializer ? ns : [ns, traits]);
    }
  }
  serializeHttpValue(value, data, location, directSerializer, schema = value[0]) {
    const flags = value[1];
    const type = flags & 255;
    if (directSerializer && !(flags & 1792) && (type <= 2 || type === 17 || type === 19)) {
      return String(data);
    }
    if (directSerializer) {
      directSerializer.writeHttpBinding(value, data, location);
    } else {
      this.serializer.write(schema, data);
    }
    return this.serializer.flush();
  }
  serializePath(segments, labels, bindings) {
    let path = "";
    for (const [value, kind] of segments) {
      if (kind === 0) {
        path += value;
        continue;
      }
      const replacement = labels?.[value];
      if (replacement === void 0) {
        if ((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(bindings.byName, value) && bindings.byName[value][2] === 33) {
          throw new Error(`No value provided for input HTTP label: ${value}.`);
        }
        path += `{${value}${kind === 2 ? "+" : ""}}`;
      } else {
        path += kind === 2 ? replacement.split("/").map(extendedEncodeURIComponent).join("/") : extendedEncodeURIComponent(replacement);
      }
    }
    return path;
  }
  async deserializeResponse(operationSchema, context, response) {
    const deserializer = this.deserializer;
    const directDeserializer = typeof deserializer.readCodec === "function" ? deserializer : void 0;
    const ns = HttpBindingNormalizedSchema.of(operationSchema.output);
    const responseBindings = ns.getHttpBindings().response;
    const dataObject = {};
    if (response.statusCode >= 300) {
      const bytes = await collectBody(response.body, context);
      if (bytes.byteLength > 0) {
        Object.assign(dataObject, await deserializer.read(15, bytes));
      }
      await this.handleError(operationSchema, context, response, dataObject, this.deserializeMetadata(response));
      throw new Error("@smithy/core/protocols - HTTP Protocol error handler failed to throw.");
    }
    const nonHttpBindingMembers = await this.deserializeHttpMessage(ns, context, response, dataObject);
    if (nonHttpBindingMembers.length) {
      const bytes = await collectBody(response.body, context);
      if (bytes.byteLength > 0) {
        const dataFromBody = await (directDeserializer ? directDeserializer.readCodec(responseBindings.syntheticBodySchema, bytes) : deserializer.read(responseBindings.syntheticBodySchema, bytes));
        for (const member of nonHttpBindingMembers) {
          if (dataFromBody[member] != null) {
            dataObject[member] = dataFromBody[member];
          }
        }
      }
    } else if (!responseBindings.bindings.payload) {
      await collectBody(response.body, context);
    }
    dataObject.$metadata = this.deserializeMetadata(response);
    return dataObject;
  }
  async deserializeHttpMessage(schema, context, response, arg4, arg5) {
    const dataObject = arg4 instanceof Set ? arg5 : arg4;
    const deserializer = this.deserializer;
    const directDeserializer = typeof deserializer.readCodec === "function" ? deserializer : void 0;
    const ns = HttpBindingNormalizedSchema.of(schema);
    const { bodyMemberNames, bindings: { payload, statusCode, headers: responseHeaders, prefixHeaders } } = ns.getHttpBindings().response;
    const headers = response.headers;
    if (payload) {
      const [memberName, value] = payload;
      const [memberSchema, flags] = value;
      const stream = flags >> 11 & 3;
      if (stream) {
        if (stream === 2) {
          dataObject[memberName] = await this.deserializeEventStream({
            response,
            responseSchema: ns
          });
        } else {
          dataObject[memberName] = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .sdkStreamMixin */ .c9)(response.body);
        }
      } else if (response.body) {
        const bytes = await collectBody(response.body, context);
        if (bytes.byteLength > 0) {
          dataObject[memberName] = await (directDeserializer ? directDeserializer.readPayload(value, bytes) : deserializer.read(memberSchema, bytes));
        }
      }
    }
    for (const header in headers) {
      if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(headers, header)) {
        continue;
      }
      const lower = header.toLowerCase();
      const headerValue = headers[header];
      if (lower !== header) {
        delete headers[header];
        headers[lower] = headerValue;
      }
      const binding = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(responseHeaders, lower) ? responseHeaders[lower] : void 0;
      if (!binding) {
        continue;
      }
      const [memberName, [memberSchema, flags, collectionValue], , wireName] = binding;
      if (collectionValue) {
        const sections = flags >> 16 & 1 ? (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .splitEvery */ .UE)(headerValue, ",", 2) : (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .splitHeader */ .GP)(headerValue);
        const list = [];
        for (const section of sections) {
          list.push(directDeserializer ? directDeserializer.readHttpBinding(collectionValue, section.trim(), 38) : await deserializer.read([collectionValue[0], { httpHeader: wireName }], section.trim()));
        }
        dataObject[memberName] = list;
      } else {
        dataObject[memberName] = directDeserializer ? directDeserializer.readHttpBinding(binding[1], headerValue, 38) : await deserializer.read(memberSchema, headerValue);
      }
    }
    for (const [memberName, [, , collectionValue], , wireName] of prefixHeaders) {
      dataObject[memberName] = {};
      for (const header in headers) {
        if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(headers, header)) {
          continue;
        }
        if (!header.startsWith(wireName)) {
          continue;
        }
        const headerValue = headers[header];
        dataObject[memberName][header.slice(wireName.length)] = directDeserializer ? directDeserializer.readHttpBinding(collectionValue, headerValue, 38) : await deserializer.read([collectionValue[0], { httpHeader: header }], headerValue);
      }
    }
    if (statusCode) {
      dataObject[statusCode[0]] = response.statusCode;
    }
    return bodyMemberNames;
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/RpcProtocol.js
var RpcProtocol = class extends HttpProtocol {
  async serializeRequest(operationSchema, _input, context) {
    const serializer = this.serializer;
    const query = {};
    const headers = {};
    const endpoint = await context.endpoint();
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(operationSchema?.input);
    const schema = ns.getSchema();
    let payload;
    const input = _input && typeof _input === "object" ? _input : {};
    const request = new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .HttpRequest */ .Kd({
      protocol: "",
      hostname: "",
      port: void 0,
      path: "/",
      fragment: void 0,
      query,
      headers,
      body: void 0
    });
    if (endpoint) {
      this.updateServiceEndpoint(request, endpoint);
      this.setHostPrefix(request, operationSchema, input);
    }
    if (input) {
      const eventStreamMember = ns.getEventStreamMember();
      if (eventStreamMember) {
        if (input[eventStreamMember]) {
          const initialRequest = {};
          for (const [memberName] of ns.structIterator()) {
            if (memberName !== eventStreamMember && input[memberName] != null) {
              initialRequest[memberName] = input[memberName];
            }
          }
          payload = await this.serializeEventStream({
            eventStream: input[eventStreamMember],
            requestSchema: ns,
            initialRequest
          });
        }
      } else {
        serializer.write(schema, input);
        payload = serializer.flush();
      }
    }
    request.headers = Object.assign(request.headers, headers);
    request.query = query;
    request.body = payload;
    request.method = "POST";
    return request;
  }
  async deserializeResponse(operationSchema, context, response) {
    const deserializer = this.deserializer;
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(operationSchema.output);
    const dataObject = {};
    if (this.isErrorResponse(response.statusCode)) {
      const bytes = await collectBody(response.body, context);
      if (bytes.byteLength > 0) {
        Object.assign(dataObject, await deserializer.read(15, bytes));
      }
      await this.handleError(operationSchema, context, response, dataObject, this.deserializeMetadata(response));
      throw new Error("@smithy/core/protocols - RPC Protocol error handler failed to throw.");
    }
    for (const header in response.headers) {
      if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(response.headers, header)) {
        continue;
      }
      const value = response.headers[header];
      delete response.headers[header];
      response.headers[header.toLowerCase()] = value;
    }
    const eventStreamMember = ns.getEventStreamMember();
    if (eventStreamMember) {
      dataObject[eventStreamMember] = await this.deserializeEventStream({
        response,
        responseSchema: ns,
        initialResponseContainer: dataObject
      });
    } else {
      const bytes = await collectBody(response.body, context);
      if (bytes.byteLength > 0) {
        Object.assign(dataObject, await deserializer.read(ns, bytes));
      }
    }
    dataObject.$metadata = this.deserializeMetadata(response);
    return dataObject;
  }
  isErrorResponse(statusCode) {
    return statusCode >= 300;
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/serde/FromStringShapeDeserializer.js
var FromStringShapeDeserializer = class extends SerdeContext {
  settings;
  constructor(settings) {
    super();
    this.settings = settings;
  }
  read(_schema, data) {
    const ns = HttpBindingNormalizedSchema.of(_schema);
    const traits = ns.getMergedTraits();
    const location = ns.getHttpBindingLocation(traits);
    return this.readHttpBinding(ns.getHttpBindingValue(location, traits), data, location);
  }
  readHttpBinding([ns, flags, collectionValue], data, location) {
    const schema = flags & 255;
    if ((schema & 192) === 64) {
      collectionValue ??= ns.getHttpBindingCollectionValue(location);
      return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .splitHeader */ .GP)(data).map((item) => this.readHttpBinding(collectionValue, item, location));
    }
    switch (schema) {
      case 21:
      case 42:
        return (this.serdeContext?.base64Decoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .fromBase64 */ .Ey)(data);
      case 4:
      case 5:
      case 6:
      case 7: {
        const bindingFormat = this.settings.httpBindings ? flags >> 14 & 3 : 0;
        const format = this.settings.timestampFormat.useTrait && schema > 4 ? schema : bindingFormat ? bindingFormat + 4 : this.settings.timestampFormat.default;
        switch (format) {
          case 5:
            return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* ._parseRfc3339DateTimeWithOffset */ .eH)(data);
          case 6:
            return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* ._parseRfc7231DateTime */ .Gj)(data);
          case 7:
            return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* ._parseEpochTimestamp */ .UK)(data);
          default:
            console.warn("Missing timestamp format, parsing value with Date constructor:", data);
            return new Date(data);
        }
      }
      case 0: {
        const media = flags >> 8 & 3;
        if (!media) {
          return data;
        }
        let intermediateValue = data;
        if ((location & 6) === 6) {
          intermediateValue = (this.serdeContext?.utf8Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUtf8 */ .Pq)((this.serdeContext?.base64Decoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .fromBase64 */ .Ey)(intermediateValue));
        }
        return media === 2 ? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .LazyJsonString */ .AH.from(intermediateValue) : intermediateValue;
      }
      case 1:
        return Number(data);
      case 2:
        return data.toLowerCase() === "true";
      case 17:
        return BigInt(data);
      case 19:
        return new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv(data, "bigDecimal");
      default:
        return data;
    }
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/serde/HttpInterceptingShapeDeserializer.js
var HttpInterceptingShapeDeserializer = class extends SerdeContext {
  codecDeserializer;
  stringDeserializer;
  constructor(codecDeserializer, codecSettings) {
    super();
    this.codecDeserializer = codecDeserializer;
    this.stringDeserializer = new FromStringShapeDeserializer(codecSettings);
  }
  setSerdeContext(serdeContext) {
    this.stringDeserializer.setSerdeContext(serdeContext);
    this.codecDeserializer.setSerdeContext(serdeContext);
    this.serdeContext = serdeContext;
  }
  read(schema, data) {
    const ns = HttpBindingNormalizedSchema.of(schema);
    const traits = ns.getMergedTraits();
    if (traits.httpHeader || traits.httpResponseCode) {
      const value = ns.getHttpBindingValue(38, traits);
      return this.readHttpBinding(value, data, 38);
    }
    if (traits.httpPayload) {
      return this.readPayload(ns.getHttpBindingValue(36, traits), data);
    }
    return this.readCodec(ns, data);
  }
  readHttpBinding(binding, data, location) {
    const value = typeof data === "string" ? data : (this.serdeContext?.utf8Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUtf8 */ .Pq)(data);
    return this.stringDeserializer.readHttpBinding(binding, value, location);
  }
  readPayload([schema, flags], data) {
    const type = flags & 255;
    if (type === 21 || type === 42) {
      return typeof data === "string" ? (this.serdeContext?.utf8Decoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .fromUtf8 */ .ar)(data) : data;
    }
    if (type === 0) {
      return typeof data === "string" ? data : (this.serdeContext?.utf8Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUtf8 */ .Pq)(data);
    }
    return this.readCodec(schema, data);
  }
  readCodec(schema, data) {
    return this.codecDeserializer.read(schema, data);
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/serde/ToStringShapeSerializer.js
var ToStringShapeSerializer = class extends SerdeContext {
  settings;
  stringBuffer = "";
  constructor(settings) {
    super();
    this.settings = settings;
  }
  write(schema, value) {
    const ns = HttpBindingNormalizedSchema.of(schema);
    const traits = ns.getMergedTraits();
    const location = ns.getHttpBindingLocation(traits);
    this.writeHttpBinding(ns.getHttpBindingValue(location, traits), value, location);
  }
  writeHttpBinding([ns, flags, collectionValue], value, location) {
    const schema = flags & 255;
    switch (typeof value) {
      case "object":
        if (value === null) {
          this.stringBuffer = "null";
          return;
        }
        if (schema >= 4 && schema <= 7) {
          if (!(value instanceof Date)) {
            throw new Error(`@smithy/core/protocols - received non-Date value ${value} when schema expected Date in ${ns.getName(true)}`);
          }
          const bindingFormat = this.settings.httpBindings ? flags >> 14 & 3 : 0;
          const format = this.settings.timestampFormat.useTrait && schema > 4 ? schema : bindingFormat ? bindingFormat + 4 : this.settings.timestampFormat.default;
          switch (format) {
            case 5:
              this.stringBuffer = value.toISOString().replace(".000Z", "Z");
              break;
            case 6:
              this.stringBuffer = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .dateToUtcString */ .JV)(value);
              break;
            case 7:
              this.stringBuffer = String(value.getTime() / 1e3);
              break;
            default:
              console.warn("Missing timestamp format, using epoch seconds", value);
              this.stringBuffer = String(value.getTime() / 1e3);
          }
          return;
        }
        if ((schema === 21 || schema === 42) && "byteLength" in value) {
          this.stringBuffer = (this.serdeContext?.base64Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toBase64 */ .nk)(value);
          return;
        }
        if ((schema & 192) === 64 && Array.isArray(value)) {
          collectionValue ??= ns.getHttpBindingCollectionValue(location);
          const valueSchemaType = collectionValue[1] & 255;
          const isTimestamp = valueSchemaType >= 4 && valueSchemaType <= 7;
          let buffer = "";
          for (const item of value) {
            this.writeHttpBinding(collectionValue, item, location);
            const headerItem = this.flush();
            if (buffer) {
              buffer += ", ";
            }
            buffer += isTimestamp ? headerItem : (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .quoteHeader */ .m9)(headerItem);
          }
          this.stringBuffer = buffer;
          return;
        }
        this.stringBuffer = JSON.stringify(value, null, 2);
        break;
      case "string":
        const media = flags >> 8 & 3;
        let intermediateValue = value;
        if (media === 2) {
          intermediateValue = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .LazyJsonString */ .AH.from(intermediateValue);
        }
        if (media && (location & 6) === 6) {
          this.stringBuffer = (this.serdeContext?.base64Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toBase64 */ .nk)(intermediateValue.toString());
          return;
        }
        this.stringBuffer = value;
        break;
      default:
        this.stringBuffer = flags >> 10 & 1 ? (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .generateIdempotencyToken */ .ec)() : String(value);
    }
  }
  flush() {
    const buffer = this.stringBuffer;
    this.stringBuffer = "";
    return buffer;
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/serde/HttpInterceptingShapeSerializer.js
var HttpInterceptingShapeSerializer = class {
  codecSerializer;
  stringSerializer;
  buffer;
  constructor(codecSerializer, codecSettings, stringSerializer = new ToStringShapeSerializer(codecSettings)) {
    this.codecSerializer = codecSerializer;
    this.stringSerializer = stringSerializer;
  }
  setSerdeContext(serdeContext) {
    this.codecSerializer.setSerdeContext(serdeContext);
    this.stringSerializer.setSerdeContext(serdeContext);
  }
  write(schema, value) {
    const ns = HttpBindingNormalizedSchema.of(schema);
    const traits = ns.getMergedTraits();
    if (traits.httpHeader || traits.httpLabel || traits.httpQuery) {
      const location = ns.getHttpBindingLocation(traits);
      this.writeHttpBinding(ns.getHttpBindingValue(location, traits), value, location);
      return;
    }
    this.writeCodec(ns, value);
  }
  writeHttpBinding(binding, value, location) {
    this.stringSerializer.writeHttpBinding(binding, value, location);
    this.buffer = this.stringSerializer.flush();
  }
  writeCodec(schema, value) {
    this.codecSerializer.write(schema, value);
  }
  flush() {
    if (this.buffer !== void 0) {
      const buffer = this.buffer;
      this.buffer = void 0;
      return buffer;
    }
    return this.codecSerializer.flush();
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/serde/determineTimestampFormat.js
function determineTimestampFormat(ns, settings) {
  if (settings.timestampFormat.useTrait) {
    const schema = ns.getSchema();
    if (schema === 5 || schema === 6 || schema === 7) {
      return schema;
    }
  }
  const { httpLabel, httpPrefixHeaders, httpHeader, httpQuery } = ns.getMergedTraits();
  const bindingFormat = settings.httpBindings ? typeof httpPrefixHeaders === "string" || Boolean(httpHeader) ? 6 : Boolean(httpQuery) || Boolean(httpLabel) ? 5 : void 0 : void 0;
  return bindingFormat ?? settings.timestampFormat.default;
}

// node_modules/@smithy/core/dist-es/submodules/protocols/protocol-http/extensions/httpExtensionConfiguration.js
var getHttpHandlerExtensionConfiguration = (runtimeConfig) => {
  if (runtimeConfig.logger && runtimeConfig.logger.constructor?.name !== "NoOpLogger") {
    runtimeConfig.requestHandler?.updateHttpClientConfig?.(/* @__PURE__ */ Symbol.for("logger"), runtimeConfig.logger);
  }
  if (runtimeConfig.defaultSocketTimeout) {
    runtimeConfig.requestHandler?.updateHttpClientConfig?.(/* @__PURE__ */ Symbol.for("@smithy/defaultSocketTimeout"), runtimeConfig.defaultSocketTimeout);
  }
  return {
    setHttpHandler(handler) {
      runtimeConfig.requestHandler = handler;
    },
    httpHandler() {
      return runtimeConfig.requestHandler;
    },
    updateHttpClientConfig(key, value) {
      runtimeConfig.requestHandler?.updateHttpClientConfig(key, value);
    },
    httpHandlerConfigs() {
      return runtimeConfig.requestHandler.httpHandlerConfigs();
    }
  };
};
var resolveHttpHandlerRuntimeConfig = (httpHandlerExtensionConfiguration) => {
  return {
    requestHandler: httpHandlerExtensionConfiguration.httpHandler()
  };
};

// node_modules/@smithy/core/dist-es/submodules/protocols/util-uri-escape/escape-uri.js
var escapeUri = (uri) => encodeURIComponent(uri).replace(/[!'()*]/g, hexEncode);
var hexEncode = (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;

// node_modules/@smithy/core/dist-es/submodules/protocols/querystring-builder/buildQueryString.js
function buildQueryString(query) {
  const parts = [];
  for (let key of Object.keys(query).sort()) {
    const value = query[key];
    key = escapeUri(key);
    if (Array.isArray(value)) {
      for (let i = 0, iLen = value.length; i < iLen; i++) {
        parts.push(`${key}=${escapeUri(value[i])}`);
      }
    } else {
      let qsEntry = key;
      if (value || typeof value === "string") {
        qsEntry += `=${escapeUri(value)}`;
      }
      parts.push(qsEntry);
    }
  }
  return parts.join("&");
}

// node_modules/@smithy/core/dist-es/submodules/protocols/ConfigurableSerdeContext.js
var SerdeContextConfig = class {
  serdeContext;
  setSerdeContext(serdeContext) {
    this.serdeContext = serdeContext;
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/UnionSerde.js
var UnionSerde = class {
  from;
  to;
  keys;
  constructor(from, to) {
    this.from = from;
    this.to = to;
    const keys = Object.keys(this.from);
    const set = new Set(keys);
    set.delete("__type");
    this.keys = set;
  }
  mark(key) {
    this.keys.delete(key);
  }
  hasUnknown() {
    return this.keys.size === 1 && Object.keys(this.to).length === 0;
  }
  writeUnknown() {
    if (this.hasUnknown()) {
      const k = this.keys.values().next().value;
      const v = this.from[k];
      this.to.$unknown = [k, v];
    }
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/json/detectBufferParsing.js
var canParseBuffer;
function detectBufferParsing() {
  if (canParseBuffer === void 0) {
    try {
      if (typeof Buffer !== "function") {
        canParseBuffer = false;
      } else {
        const result = JSON.parse(Buffer.from([123, 125]));
        canParseBuffer = result !== null && typeof result === "object";
      }
    } catch {
      canParseBuffer = false;
    }
  }
  return canParseBuffer;
}

// node_modules/@smithy/core/dist-es/submodules/protocols/json/jsonReviver.js
function jsonReviver(key, value, context) {
  if (context?.source) {
    const numericString = context.source;
    if (typeof value === "number") {
      const inSafeRange = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
      if (inSafeRange) {
        if (isRepresentable(numericString, value)) {
          return value;
        }
        return new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv(numericString, "bigDecimal");
      } else {
        if (isFractionalBigNumeric(numericString)) {
          return new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv(numericString, "bigDecimal");
        }
        if (/[eE]/.test(numericString)) {
          return expandExponentToBigInt(numericString);
        }
        return BigInt(numericString);
      }
    }
  }
  return value;
}
function isFractionalBigNumeric(s) {
  const dotIndex = s.indexOf(".");
  if (dotIndex === -1) {
    return false;
  }
  const eIndex = s.search(/[eE]/);
  if (eIndex === -1) {
    return true;
  }
  const fracDigits = eIndex - dotIndex - 1;
  const exp = parseInt(s.slice(eIndex + 1), 10);
  return exp < fracDigits;
}
function isRepresentable(numericString, value) {
  if (numericString === String(value)) {
    return true;
  }
  if (Object.is(value, -0)) {
    return true;
  }
  if (/[eE]/.test(numericString)) {
    return expandToDecimal(numericString) === expandToDecimal(String(value));
  }
  const normalized = numericString.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  const canonical = String(value);
  if (normalized === canonical) {
    return true;
  }
  if (/[eE]/.test(canonical)) {
    return normalized === expandToDecimal(canonical);
  }
  return false;
}
function expandToDecimal(s) {
  const negative = s.startsWith("-");
  const abs = negative ? s.slice(1) : s;
  const eIndex = abs.search(/[eE]/);
  let result;
  if (eIndex === -1) {
    result = abs;
  } else {
    const exp = parseInt(abs.slice(eIndex + 1), 10);
    const mantissa = abs.slice(0, eIndex);
    const dotIndex = mantissa.indexOf(".");
    let digits;
    let intLen;
    if (dotIndex === -1) {
      digits = mantissa;
      intLen = mantissa.length;
    } else {
      digits = mantissa.slice(0, dotIndex) + mantissa.slice(dotIndex + 1);
      intLen = dotIndex;
    }
    digits = digits.replace(/0+$/, "") || "0";
    const newDotPos = intLen + exp;
    if (digits === "0") {
      result = "0";
    } else if (newDotPos <= 0) {
      result = "0." + "0".repeat(-newDotPos) + digits;
    } else if (newDotPos >= digits.length) {
      result = digits + "0".repeat(newDotPos - digits.length);
    } else {
      result = digits.slice(0, newDotPos) + "." + digits.slice(newDotPos);
    }
  }
  if (result.includes(".")) {
    result = result.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  }
  return (negative ? "-" : "") + result;
}
function expandExponentToBigInt(s) {
  const eIndex = s.search(/[eE]/);
  const exp = parseInt(s.slice(eIndex + 1), 10);
  const negative = s.startsWith("-");
  const mantissa = s.slice(negative ? 1 : 0, eIndex);
  const dotIndex = mantissa.indexOf(".");
  let digits;
  let shift;
  if (dotIndex === -1) {
    digits = mantissa;
    shift = exp;
  } else {
    digits = mantissa.slice(0, dotIndex) + mantissa.slice(dotIndex + 1);
    const fracDigits = mantissa.length - dotIndex - 1;
    shift = exp - fracDigits;
  }
  digits = digits.replace(/0+$/, "") || "0";
  const result = BigInt(digits) * 10n ** BigInt(shift + (mantissa.replace(".", "").length - digits.length));
  return negative ? -result : result;
}

// node_modules/@smithy/core/dist-es/submodules/protocols/json/needsReviver.js
var REVIVER_SYMBOL = /* @__PURE__ */ Symbol.for("@aws-sdk/reviver");
function needsReviver(schema) {
  const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
  const raw = ns.getSchema();
  if (Array.isArray(raw) && ns.isStructSchema()) {
    if (REVIVER_SYMBOL in raw) {
      return raw[REVIVER_SYMBOL];
    }
    const result = _check(ns, /* @__PURE__ */ new Set());
    raw[REVIVER_SYMBOL] = result;
    return result;
  }
  return _check(ns, /* @__PURE__ */ new Set());
}
function _check(ns, seen) {
  const raw = ns.getSchema();
  if (seen.has(raw)) {
    return false;
  }
  seen.add(raw);
  if (ns.isBigIntegerSchema() || ns.isBigDecimalSchema()) {
    return true;
  }
  if (ns.isStructSchema()) {
    for (const [, memberSchema] of ns.structIterator()) {
      if (_check(memberSchema, seen)) {
        return true;
      }
    }
  } else if (ns.isListSchema() || ns.isMapSchema()) {
    if (_check(ns.getValueSchema(), seen)) {
      return true;
    }
  } else if (ns.isDocumentSchema()) {
    return true;
  }
  return false;
}

// node_modules/@smithy/core/dist-es/submodules/protocols/common.js
var collectBodyString = (streamBody, context) => collectBody(streamBody, context).then((body) => (context?.utf8Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUtf8 */ .Pq)(body));

// node_modules/@smithy/core/dist-es/submodules/protocols/json/parseJsonBody.js
async function parseJsonBody(streamBody, context, schema) {
  let parsingInput;
  if (detectBufferParsing() && typeof streamBody?.[Symbol.asyncIterator] === "function") {
    const buffer = await collectBody(streamBody, context);
    if (typeof Buffer === "function") {
      if (Buffer.isBuffer(buffer)) {
        parsingInput = buffer;
      } else {
        parsingInput = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      }
    }
  }
  if (!parsingInput) {
    parsingInput = await collectBodyString(streamBody, context);
  }
  if (parsingInput.length === 0) {
    return {};
  }
  const reviver = schema && needsReviver(schema) ? jsonReviver : void 0;
  try {
    return JSON.parse(parsingInput, reviver);
  } catch (e) {
    if (e?.name === "SyntaxError") {
      Object.defineProperty(e, "$responseBodyText", {
        value: typeof parsingInput === "string" ? parsingInput : parsingInput.toString("utf8")
      });
    }
    throw e;
  }
}
var findKey = (object, key) => Object.keys(object).find((k) => k.toLowerCase() === key.toLowerCase());
var sanitizeErrorCode = (rawValue) => {
  let cleanValue = rawValue;
  if (typeof cleanValue === "number") {
    cleanValue = cleanValue.toString();
  }
  if (cleanValue.indexOf(",") >= 0) {
    cleanValue = cleanValue.split(",")[0];
  }
  if (cleanValue.indexOf(":") >= 0) {
    cleanValue = cleanValue.split(":")[0];
  }
  if (cleanValue.indexOf("#") >= 0) {
    cleanValue = cleanValue.split("#")[1];
  }
  return cleanValue;
};
var loadRestJsonErrorCode = (output, data) => {
  return loadErrorCode(output, data, ["header", "code", "type"]);
};
var loadJsonRpcErrorCode = (output, data, queryCompat = false) => {
  return loadErrorCode(output, data, queryCompat ? ["code", "header", "type"] : ["type", "code", "header"]);
};
var loadErrorCode = ({ headers }, data, order) => {
  while (order.length > 0) {
    const location = order.shift();
    switch (location) {
      case "header":
        const headerKey = findKey(headers ?? {}, "x-amzn-errortype");
        if (headerKey !== void 0) {
          return sanitizeErrorCode(headers[headerKey]);
        }
        break;
      case "code":
        const codeKey = findKey(data ?? {}, "code");
        if (codeKey && data[codeKey] !== void 0) {
          return sanitizeErrorCode(data[codeKey]);
        }
        break;
      case "type":
        if (data?.__type !== void 0) {
          return sanitizeErrorCode(data.__type);
        }
        break;
    }
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/json/codec-v2/JsonShapeDeserializer2.js
var JsonShapeDeserializer2 = class extends SerdeContextConfig {
  settings;
  constructor(settings) {
    super();
    this.settings = settings;
  }
  async read(schema, data) {
    const reviver = needsReviver(schema) ? jsonReviver : void 0;
    let parsed;
    if (typeof data === "string") {
      if (data.length === 0) {
        return {};
      }
      parsed = JSON.parse(data, reviver);
    } else if (data instanceof Uint8Array && detectBufferParsing()) {
      if (data.byteLength === 0) {
        return {};
      }
      const buf = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      parsed = JSON.parse(buf, reviver);
    } else {
      parsed = await parseJsonBody(data, this.serdeContext, schema);
    }
    return this._read(schema, parsed);
  }
  readObject(schema, data) {
    return this._read(schema, data);
  }
  _read(schema, value) {
    const isObject = value !== null && typeof value === "object";
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
    if (isObject) {
      if (ns.isStructSchema()) {
        return this._readStruct(ns, value);
      }
      if (Array.isArray(value) && ns.isListSchema()) {
        const listMember = ns.getValueSchema();
        if (this.needsTransform(listMember)) {
          for (let i = 0; i < value.length; ++i) {
            value[i] = this._read(listMember, value[i]);
          }
        }
        return value;
      }
      if (ns.isMapSchema()) {
        const mapMember = ns.getValueSchema();
        const map = value;
        if (this.needsTransform(mapMember)) {
          for (const k in map) {
            if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(map, k)) {
              continue;
            }
            if (k === "__proto__") {
              (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .writeKey */ .TE)(map);
            }
            map[k] = this._read(mapMember, map[k]);
          }
        }
        return map;
      }
    }
    if (ns.isBlobSchema() && typeof value === "string") {
      return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .fromBase64 */ .Ey)(value);
    }
    const mediaType = ns.getMergedTraits().mediaType;
    if (ns.isStringSchema() && typeof value === "string" && mediaType) {
      const isJson = mediaType === "application/json" || mediaType.endsWith("+json");
      if (isJson) {
        return _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .LazyJsonString */ .AH.from(value);
      }
      return value;
    }
    if (ns.isTimestampSchema() && value != null) {
      const format = determineTimestampFormat(ns, this.settings);
      switch (format) {
        case 5:
          return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .parseRfc3339DateTimeWithOffset */ .t_)(value);
        case 6:
          return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .parseRfc7231DateTime */ .xE)(value);
        case 7:
          return (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .parseEpochTimestamp */ .l3)(value);
        default:
          console.warn("Missing timestamp format, parsing value with Date constructor:", value);
          return new Date(value);
      }
    }
    if (ns.isBigIntegerSchema() && (typeof value === "number" || typeof value === "string")) {
      return BigInt(value);
    }
    if (ns.isBigDecimalSchema() && value != void 0) {
      if (value instanceof _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv) {
        return value;
      }
      const untyped = value;
      if (untyped.type === "bigDecimal" && "string" in untyped) {
        return new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv(untyped.string, untyped.type);
      }
      return new _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv(String(value), "bigDecimal");
    }
    if (ns.isNumericSchema() && typeof value === "string") {
      switch (value) {
        case "Infinity":
          return Infinity;
        case "-Infinity":
          return -Infinity;
        case "NaN":
          return NaN;
      }
      return value;
    }
    if (ns.isDocumentSchema()) {
      if (isObject) {
        if (Array.isArray(value)) {
          for (let i = 0; i < value.length; ++i) {
            const v = value[i];
            if (!(v instanceof _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv)) {
              value[i] = this._read(ns, v);
            }
          }
        } else {
          const doc = value;
          for (const k in doc) {
            if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(doc, k)) {
              continue;
            }
            if (k === "__proto__") {
              (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .writeKey */ .TE)(doc);
            }
            const v = doc[k];
            if (!(v instanceof _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv)) {
              doc[k] = this._read(ns, v);
            }
          }
        }
      }
    }
    return value;
  }
  _readStruct(ns, record) {
    const union = ns.isUnionSchema();
    const out = {};
    let nameMap;
    const hasType = typeof record.__type === "string";
    const { jsonName } = this.settings;
    if (jsonName && hasType) {
      nameMap = {};
    }
    let unionSerde;
    if (union) {
      unionSerde = new UnionSerde(record, out);
    }
    for (const [memberName, memberSchema] of ns.structIterator()) {
      let fromKey = memberName;
      if (jsonName) {
        fromKey = memberSchema.getMergedTraits().jsonName ?? fromKey;
        if (hasType) {
          nameMap[fromKey] = memberName;
        }
      }
      if (union) {
        unionSerde.mark(fromKey);
      }
      if (record[fromKey] != null) {
        out[memberName] = this._read(memberSchema, record[fromKey]);
      }
    }
    if (union) {
      unionSerde.writeUnknown();
    } else if (hasType) {
      for (const k in record) {
        if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(record, k)) {
          continue;
        }
        const v = record[k];
        const t = jsonName ? nameMap[k] ?? k : k;
        if (!(t in out)) {
          out[t] = v;
        }
      }
    }
    return out;
  }
  needsTransform(ns) {
    if (ns.isBlobSchema() || ns.isTimestampSchema() || ns.isBigIntegerSchema() || ns.isBigDecimalSchema() || ns.isNumericSchema()) {
      return true;
    }
    if (ns.isDocumentSchema() || ns.isStructSchema() || ns.isListSchema() || ns.isMapSchema()) {
      return true;
    }
    if (ns.isStringSchema() && ns.getMergedTraits().mediaType) {
      return true;
    }
    return false;
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/json/codec-v2/JsonBytesStringAdapter.js
var JsonBytesStringAdapter = class _JsonBytesStringAdapter extends Uint8Array {
  string = null;
  static allocUnsafe(bytes) {
    if (typeof Buffer === "function") {
      const buffer = Buffer.allocUnsafe(bytes);
      return new _JsonBytesStringAdapter(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    return new _JsonBytesStringAdapter(bytes);
  }
  toString() {
    return this.s();
  }
  valueOf() {
    return this.s();
  }
  includes(searchString, position) {
    if (typeof searchString === "string") {
      return this.s().includes(searchString, position);
    }
    return Uint8Array.prototype.includes.call(this, searchString, position);
  }
  indexOf(searchString, position) {
    if (typeof searchString === "string") {
      return this.s().indexOf(searchString, position);
    }
    return Uint8Array.prototype.indexOf.call(this, searchString, position);
  }
  lastIndexOf(searchString, position) {
    if (typeof searchString === "string") {
      return this.s().lastIndexOf(searchString, position);
    }
    const fn = Uint8Array.prototype.lastIndexOf;
    if (position !== void 0) {
      return fn.call(this, searchString, position);
    }
    return fn.call(this, searchString);
  }
  startsWith(searchString, position) {
    return this.s().startsWith(searchString, position);
  }
  endsWith(searchString, endPosition) {
    return this.s().endsWith(searchString, endPosition);
  }
  match(regexp) {
    return this.s().match(regexp);
  }
  replace(searchValue, replaceValue) {
    return this.s().replace(searchValue, replaceValue);
  }
  search(regexp) {
    return this.s().search(regexp);
  }
  split(separator, limit) {
    return this.s().split(separator, limit);
  }
  substring(start, end) {
    return this.s().substring(start, end);
  }
  trim() {
    return this.s().trim();
  }
  trimStart() {
    return this.s().trimStart();
  }
  trimEnd() {
    return this.s().trimEnd();
  }
  charAt(pos) {
    return this.s().charAt(pos);
  }
  charCodeAt(index) {
    return this.s().charCodeAt(index);
  }
  padStart(maxLength, fillString) {
    return this.s().padStart(maxLength, fillString);
  }
  padEnd(maxLength, fillString) {
    return this.s().padEnd(maxLength, fillString);
  }
  repeat(count) {
    return this.s().repeat(count);
  }
  toUpperCase() {
    return this.s().toUpperCase();
  }
  toLowerCase() {
    return this.s().toLowerCase();
  }
  s() {
    if (this.string == null) {
      const n = Date.now();
      if (n > warned + 6e4) {
        console.warn("@aws-sdk/core/protocols - WARN - JsonCodec2: you have called a string method on a Uint8Array request body. It has been automatically converted to string. In a future version this will throw an error.");
        warned = n;
      }
      this.string = (0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toUtf8 */ .Pq)(this);
    }
    return this.string;
  }
};
var warned = 0;

// node_modules/@smithy/core/dist-es/submodules/protocols/json/codec-v2/JsonShapeSerializer2.js
var encoder = new TextEncoder();
var OPEN_BRACE = 123;
var CLOSE_BRACE = 125;
var OPEN_BRACKET = 91;
var CLOSE_BRACKET = 93;
var QUOTE = 34;
var COLON = 58;
var COMMA = 44;
var BACKSLASH = 92;
var TRUE = new Uint8Array([116, 114, 117, 101]);
var FALSE = new Uint8Array([102, 97, 108, 115, 101]);
var NULL = new Uint8Array([110, 117, 108, 108]);
var ESCAPE_TABLE = new Array(128).fill(null);
ESCAPE_TABLE[8] = "b";
ESCAPE_TABLE[9] = "t";
ESCAPE_TABLE[10] = "n";
ESCAPE_TABLE[12] = "f";
ESCAPE_TABLE[13] = "r";
ESCAPE_TABLE[34] = '"';
ESCAPE_TABLE[92] = "\\";
for (let i = 0; i < 32; i++) {
  if (ESCAPE_TABLE[i] === null) {
    ESCAPE_TABLE[i] = "u00" + i.toString(16).padStart(2, "0");
  }
}
var INITIAL_BUFFER_SIZE = 2048;
function alloc(size) {
  return JsonBytesStringAdapter.allocUnsafe(size);
}
var JsonShapeSerializer2 = class _JsonShapeSerializer2 extends SerdeContextConfig {
  settings;
  json;
  i = 0;
  rootSchema;
  rawValue;
  passthrough = false;
  constructor(settings) {
    super();
    this.settings = settings;
    this.json = alloc(INITIAL_BUFFER_SIZE);
  }
  write(schema, value) {
    this.i = 0;
    this.rawValue = value;
    this.rootSchema = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
    this.passthrough = this.rootSchema.isBlobSchema() || this.rootSchema.isStringSchema();
    if (!this.passthrough) {
      this.writeValue(this.rootSchema, value, void 0);
    }
  }
  writeDiscriminatedDocument(schema, value) {
    this.i = 0;
    this.rootSchema = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
    const ns = this.rootSchema;
    if (ns.isStructSchema() && value != null && typeof value === "object") {
      this.writeValue(ns, value, void 0);
      const prefix = `"__type":"${ns.getName(true) ?? "Unknown"}",`;
      const z = prefix.length;
      this.ensure(z);
      this.json.copyWithin(1 + z, 1, this.i);
      encoder.encodeInto(prefix, this.json.subarray(1));
      this.i += z;
    } else {
      this.writeValue(ns, value, void 0);
    }
  }
  flush() {
    this.rootSchema = void 0;
    const finalPosition = this.i;
    this.i = 0;
    const raw = this.rawValue;
    this.rawValue = void 0;
    if (finalPosition === 0) {
      return raw;
    }
    const result = this.json.subarray(0, finalPosition);
    this.json = alloc(INITIAL_BUFFER_SIZE);
    return result;
  }
  ensure(byteCount) {
    const { i, json } = this;
    if (i + byteCount > json.length) {
      let newSize = json.length * 2;
      while (newSize < i + byteCount) {
        newSize *= 2;
      }
      const next = alloc(newSize);
      next.set(this.json);
      this.json = next;
    }
  }
  writeAscii(s) {
    const z = s.length;
    this.ensure(z);
    let { i, json } = this;
    for (let j = 0; j < z; ++j) {
      json[i] = s.charCodeAt(j);
      i += 1;
    }
    this.i = i;
  }
  writeAsciiQuoted(s) {
    const z = s.length;
    this.ensure(z + 4);
    let { json, i } = this;
    json[i++] = QUOTE;
    for (let j = 0; j < z; ++j) {
      json[i++] = s.charCodeAt(j);
    }
    json[i++] = QUOTE;
    this.i = i;
  }
  writeJsonString(s) {
    const z = s.length;
    this.ensure(z * 3 + 2);
    this.json[this.i++] = QUOTE;
    for (let j = 0; j < z; ++j) {
      const c = s.charCodeAt(j);
      if (c > 34 && c < 92) {
        this.json[this.i++] = c;
      } else if (c < 128) {
        const esc = ESCAPE_TABLE[c];
        if (esc !== null) {
          this.ensure(esc.length + 1 + (z - j - 1) * 3 + 1);
          this.json[this.i++] = BACKSLASH;
          for (let k = 0; k < esc.length; k++) {
            this.json[this.i++] = esc.charCodeAt(k);
          }
        } else {
          this.json[this.i++] = c;
        }
      } else if (c >= 55296 && c <= 56319) {
        const next = j + 1 < z ? s.charCodeAt(j + 1) : 0;
        if (next >= 56320 && next <= 57343) {
          this.ensure(4);
          const { written } = encoder.encodeInto(s.substring(j, j + 2), this.json.subarray(this.i));
          this.i += written;
          ++j;
        } else {
          this.ensure(6 + (z - j - 1) * 3 + 1);
          this.writeUnicodeEscape(c);
        }
      } else if (c >= 56320 && c <= 57343) {
        this.ensure(6 + (z - j - 1) * 3 + 1);
        this.writeUnicodeEscape(c);
      } else {
        let { i, json } = this;
        if (c < 2048) {
          json[i++] = 192 | c >> 6;
          json[i++] = 128 | c & 63;
        } else {
          json[i++] = 224 | c >> 12;
          json[i++] = 128 | c >> 6 & 63;
          json[i++] = 128 | c & 63;
        }
        this.i = i;
      }
    }
    this.json[this.i++] = QUOTE;
  }
  writeUnicodeEscape(code) {
    let { json, i } = this;
    json[i++] = BACKSLASH;
    json[i++] = 117;
    const hex = code.toString(16).padStart(4, "0");
    for (let j = 0; j < 4; ++j) {
      json[i++] = hex.charCodeAt(j);
    }
    this.i = i;
  }
  static B64 = (() => {
    const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const table = new Uint8Array(64);
    for (let i = 0; i < 64; ++i) {
      table[i] = chars.charCodeAt(i);
    }
    return table;
  })();
  writeBase64(data) {
    const b64Len = Math.ceil(data.length / 3) * 4;
    this.ensure(b64Len + 2);
    const json = this.json;
    const B64 = _JsonShapeSerializer2.B64;
    let i = this.i;
    json[i++] = QUOTE;
    const len = data.length;
    const remainder = len % 3;
    const mainLen = len - remainder;
    for (let j = 0; j < mainLen; j += 3) {
      const a = data[j];
      const b = data[j + 1];
      const c = data[j + 2];
      json[i++] = B64[a >> 2];
      json[i++] = B64[(a & 3) << 4 | b >> 4];
      json[i++] = B64[(b & 15) << 2 | c >> 6];
      json[i++] = B64[c & 63];
    }
    if (remainder === 2) {
      const a = data[mainLen];
      const b = data[mainLen + 1];
      json[i++] = B64[a >> 2];
      json[i++] = B64[(a & 3) << 4 | b >> 4];
      json[i++] = B64[(b & 15) << 2];
      json[i++] = 61;
    } else if (remainder === 1) {
      const a = data[mainLen];
      json[i++] = B64[a >> 2];
      json[i++] = B64[(a & 3) << 4];
      json[i++] = 61;
      json[i++] = 61;
    }
    json[i++] = QUOTE;
    this.i = i;
  }
  writeValue(schema, value, container) {
    if (value == null) {
      if (container?.isStructSchema()) {
        if (value === void 0) {
          const ns2 = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
          if (ns2.isIdempotencyToken()) {
            this.writeAsciiQuoted((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .generateIdempotencyToken */ .ec)());
            return;
          }
        }
        return;
      }
      this.ensure(4);
      this.json.set(NULL, this.i);
      this.i += 4;
      return;
    }
    const ns = _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NormalizedSchema */ .l1.of(schema);
    const isObject = typeof value === "object";
    if (ns.isStringSchema()) {
      const mediaType = ns.getMergedTraits().mediaType;
      if (mediaType) {
        const isJson = mediaType === "application/json" || mediaType.endsWith("+json");
        if (isJson) {
          this.writeJsonString(_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .LazyJsonString */ .AH.from(value).toString());
          return;
        }
      }
    }
    if (this.settings.bigNumberAsString && value != null && (ns.isBigIntegerSchema() || ns.isBigDecimalSchema())) {
      const asString = value instanceof _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv ? value.string : String(value);
      this.writeAsciiQuoted(asString);
      return;
    }
    if (isObject) {
      if (ns.isStructSchema()) {
        this.writeStruct(ns, value);
        return;
      }
      if (Array.isArray(value) && (ns.isListSchema() || ns.isDocumentSchema())) {
        this.writeList(ns, value, ns.isDocumentSchema());
        return;
      }
      if (ns.isMapSchema()) {
        this.writeMap(ns, value, false);
        return;
      }
      if (value instanceof Uint8Array && (ns.isBlobSchema() || ns.isDocumentSchema())) {
        this.writeBase64(value);
        return;
      }
      if (value instanceof Date && (ns.isTimestampSchema() || ns.isDocumentSchema())) {
        this.writeTimestamp(ns, value);
        return;
      }
      if (value instanceof _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .NumericValue */ .Dv) {
        this.writeAscii(value.string);
        return;
      }
      if (ns.isDocumentSchema()) {
        if (Array.isArray(value)) {
          this.writeList(ns, value, true);
        } else {
          this.writeMap(ns, value, true);
        }
        return;
      }
      const json = JSON.stringify(value);
      this.writeAscii(json);
      return;
    }
    if (typeof value === "string") {
      if (ns.isBlobSchema()) {
        const b64 = (this.serdeContext?.base64Encoder ?? _J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .toBase64 */ .nk)(value);
        this.writeAsciiQuoted(b64);
        return;
      }
      this.writeJsonString(value);
      return;
    }
    if (typeof value === "number") {
      if (Math.abs(value) === Infinity || Number.isNaN(value)) {
        this.writeAsciiQuoted(String(value));
        return;
      }
      const numStr = String(value);
      this.writeAscii(numStr);
      return;
    }
    if (typeof value === "boolean") {
      this.ensure(5);
      let { i, json } = this;
      if (value) {
        json.set(TRUE, i);
        i += 4;
      } else {
        json.set(FALSE, i);
        i += 5;
      }
      this.i = i;
      return;
    }
    if (typeof value === "bigint") {
      this.writeAscii(value.toString());
      return;
    }
    this.writeAscii(String(value));
  }
  writeStruct(ns, value) {
    this.ensure(2);
    this.json[this.i++] = OPEN_BRACE;
    let wroteAny = false;
    const hasType = typeof value.__type === "string";
    let writtenKeys;
    if (hasType) {
      writtenKeys = /* @__PURE__ */ new Set();
    }
    for (const [memberName, memberSchema] of ns.structIterator()) {
      const item = value[memberName];
      if (item == null && !memberSchema.isIdempotencyToken()) {
        continue;
      }
      if (wroteAny) {
        this.ensure(1);
        this.json[this.i++] = COMMA;
      }
      wroteAny = true;
      const targetKey = this.settings.jsonName ? memberSchema.getMergedTraits().jsonName ?? memberName : memberName;
      if (writtenKeys) {
        writtenKeys.add(memberName);
        writtenKeys.add(targetKey);
      }
      this.writeAsciiQuoted(targetKey);
      this.json[this.i++] = COLON;
      this.writeValue(memberSchema, item, ns);
    }
    if (!wroteAny && ns.isUnionSchema()) {
      const { $unknown } = value;
      if (Array.isArray($unknown)) {
        const [k, v] = $unknown;
        this.writeAsciiQuoted(k);
        this.ensure(1);
        this.json[this.i++] = COLON;
        this.writeValue(15, v, ns);
      }
    } else if (hasType) {
      for (const k in value) {
        if (writtenKeys.has(k)) {
          continue;
        }
        writtenKeys.add(k);
        const v = value[k];
        if (wroteAny) {
          this.ensure(1);
          this.json[this.i++] = COMMA;
        }
        wroteAny = true;
        this.writeAsciiQuoted(k);
        this.ensure(1);
        this.json[this.i++] = COLON;
        this.writeValue(15, v, void 0);
      }
    }
    this.ensure(1);
    this.json[this.i++] = CLOSE_BRACE;
  }
  writeList(ns, value, isDocument) {
    const sparse = !!ns.getMergedTraits().sparse;
    const valueSchema = ns.getValueSchema();
    if (!isDocument) {
      if (valueSchema.isStringSchema() || valueSchema.isNumericSchema() || valueSchema.isBooleanSchema()) {
        let hasSpecials = false;
        for (let i = 0; i < value.length; ++i) {
          const v = value[i];
          if (Number.isNaN(v) || v === Infinity || v === -Infinity || v == null && !sparse) {
            hasSpecials = true;
            break;
          }
        }
        let json;
        if (!hasSpecials) {
          json = JSON.stringify(value);
        } else {
          const out = [];
          for (let i = 0; i < value.length; ++i) {
            const v = value[i];
            if (v == null && !sparse) {
              continue;
            }
            if (Number.isNaN(v) || v === Infinity || v === -Infinity) {
              out.push(String(v));
            } else {
              out.push(v);
            }
          }
          json = JSON.stringify(out);
        }
        this.ensure(json.length * 3);
        this.i += encoder.encodeInto(json, this.json.subarray(this.i)).written;
        return;
      }
    }
    this.ensure(2);
    this.json[this.i++] = OPEN_BRACKET;
    let wroteFirstItem = false;
    for (let i = 0; i < value.length; ++i) {
      const item = value[i];
      if (isDocument ? item === void 0 : item == null && !sparse) {
        continue;
      }
      if (wroteFirstItem) {
        this.ensure(1);
        this.json[this.i++] = COMMA;
      }
      this.writeValue(valueSchema, item, void 0);
      wroteFirstItem = true;
    }
    this.ensure(1);
    this.json[this.i++] = CLOSE_BRACKET;
  }
  writeMap(ns, value, isDocument) {
    const sparse = !!ns.getMergedTraits().sparse;
    const valueSchema = ns.getValueSchema();
    if (!isDocument) {
      if (valueSchema.isStringSchema() || valueSchema.isNumericSchema() || valueSchema.isBooleanSchema()) {
        let modifications;
        for (const k in value) {
          if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(value, k)) {
            continue;
          }
          const v = value[k];
          if (Number.isNaN(v) || v === Infinity || v === -Infinity) {
            (modifications ??= {})[k] = v;
            value[k] = String(v);
          } else if (v === null && !sparse) {
            (modifications ??= {})[k] = null;
            value[k] = void 0;
          }
        }
        const json = JSON.stringify(value);
        if (modifications) {
          Object.assign(value, modifications);
        }
        this.ensure(json.length * 3);
        this.i += encoder.encodeInto(json, this.json.subarray(this.i)).written;
        return;
      }
    }
    this.ensure(2);
    this.json[this.i++] = OPEN_BRACE;
    let first = true;
    for (const k in value) {
      if (!(0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .hasOwn */ .$3)(value, k)) {
        continue;
      }
      const v = value[k];
      if (isDocument ? v === void 0 : v == null && !sparse) {
        continue;
      }
      if (!first) {
        this.ensure(1);
        this.json[this.i++] = COMMA;
      }
      first = false;
      this.writeJsonString(k);
      this.ensure(1);
      this.json[this.i++] = COLON;
      this.writeValue(valueSchema, v, void 0);
    }
    this.ensure(1);
    this.json[this.i++] = CLOSE_BRACE;
  }
  writeTimestamp(ns, value) {
    const format = determineTimestampFormat(ns, this.settings);
    switch (format) {
      case 5: {
        const iso = value.toISOString().replace(".000Z", "Z");
        this.writeAsciiQuoted(iso);
        return;
      }
      case 6: {
        this.writeAsciiQuoted((0,_J6MMM3TS_js__WEBPACK_IMPORTED_MODULE_0__/* .dateToUtcString */ .JV)(value));
        return;
      }
      case 7: {
        const epochSecs = String(value.getTime() / 1e3);
        this.writeAscii(epochSecs);
        return;
      }
      default: {
        const epochSecs = String(value.getTime() / 1e3);
        this.writeAscii(epochSecs);
        return;
      }
    }
  }
};

// node_modules/@smithy/core/dist-es/submodules/protocols/json/codec-v2/JsonCodec2.js
var JsonCodec2 = class extends SerdeContextConfig {
  settings;
  constructor(settings) {
    super();
    this.settings = settings;
  }
  createSerializer() {
    const serializer = new JsonShapeSerializer2(this.settings);
    serializer.setSerdeContext(this.serdeContext);
    return serializer;
  }
  createDeserializer() {
    const deserializer = new JsonShapeDeserializer2(this.settings);
    deserializer.setSerdeContext(this.serdeContext);
    return deserializer;
  }
};




/***/ }),

/***/ 6966:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {


// EXPORTS
__nccwpck_require__.d(__webpack_exports__, {
  d5: () => (/* binding */ BinaryDecisionDiagram),
  Kj: () => (/* binding */ Client),
  L0: () => (/* binding */ DEFAULT_RETRY_MODE),
  h$: () => (/* binding */ DefaultIdentityProviderConfig),
  kS: () => (/* binding */ EndpointCache),
  hV: () => (/* binding */ NODE_APP_ID_CONFIG_OPTIONS),
  qs: () => (/* binding */ NODE_MAX_ATTEMPT_CONFIG_OPTIONS),
  kN: () => (/* binding */ NODE_RETRY_MODE_CONFIG_OPTIONS),
  mR: () => (/* binding */ NoAuthSigner),
  N4: () => (/* binding */ NoOpLogger),
  fz: () => (/* binding */ Retry),
  TJ: () => (/* binding */ ServiceException),
  UF: () => (/* binding */ awsEndpointFunctions),
  J1: () => (/* binding */ createAggregatedClient),
  pf: () => (/* binding */ createDefaultUserAgentProvider),
  mw: () => (/* binding */ customEndpointFunctions),
  cH: () => (/* binding */ decideEndpoint),
  Mw: () => (/* binding */ decorateServiceException),
  e: () => (/* binding */ doesIdentityRequireRefresh),
  I9: () => (/* binding */ emitWarningIfUnsupportedVersion),
  o_: () => (/* binding */ emitWarningIfUnsupportedVersion2),
  Rq: () => (/* binding */ getAwsRegionExtensionConfiguration),
  xA: () => (/* binding */ getDefaultExtensionConfiguration),
  ED: () => (/* binding */ getDefaultSocketTimeout),
  rC: () => (/* binding */ getEndpointFromInstructions),
  rD: () => (/* binding */ getEndpointPlugin),
  TC: () => (/* binding */ getHostHeaderPlugin),
  wB: () => (/* binding */ getHttpAuthSchemeEndpointRuleSetPlugin),
  lW: () => (/* binding */ getHttpSigningPlugin),
  Y7: () => (/* binding */ getLoggerPlugin),
  n4: () => (/* binding */ getRecursionDetectionPlugin),
  ey: () => (/* binding */ getRetryPlugin),
  sM: () => (/* binding */ getUserAgentPlugin),
  rm: () => (/* binding */ getValueFromTextNode),
  OC: () => (/* binding */ isIdentityExpired),
  Qb: () => (/* binding */ isThrottlingError),
  lT: () => (/* binding */ loadConfigsForDefaultMode),
  k8: () => (/* binding */ makeBuilder),
  K4: () => (/* binding */ memoizeIdentityProvider),
  te: () => (/* binding */ normalizeProvider2),
  jB: () => (/* binding */ partition),
  $3: () => (/* binding */ resolveAwsRegionExtensionConfiguration),
  uv: () => (/* binding */ resolveDefaultRuntimeConfig),
  Co: () => (/* binding */ resolveEndpointConfig),
  OV: () => (/* binding */ resolveHostHeaderConfig),
  xg: () => (/* binding */ resolveParams),
  $z: () => (/* binding */ resolveRetryConfig),
  Dc: () => (/* binding */ resolveUserAgentConfig),
  gD: () => (/* binding */ setCredentialFeature),
  oQ: () => (/* binding */ stsRegionDefaultResolver)
});

// UNUSED EXPORTS: Command

// EXTERNAL MODULE: ./lib/bundle/Q4FG57VT.js
var Q4FG57VT = __nccwpck_require__(7746);
// EXTERNAL MODULE: ./lib/bundle/J6MMM3TS.js
var J6MMM3TS = __nccwpck_require__(3981);
// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __nccwpck_require__(7075);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __nccwpck_require__(8161);
;// CONCATENATED MODULE: external "node:process"
const external_node_process_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:process");
;// CONCATENATED MODULE: ./lib/bundle/SHMGWSW7.js



// node_modules/@smithy/core/dist-es/submodules/client/middleware-stack/MiddlewareStack.js
var getAllAliases = (name, aliases) => {
  const _aliases = [];
  if (name) {
    _aliases.push(name);
  }
  if (aliases) {
    for (const alias of aliases) {
      _aliases.push(alias);
    }
  }
  return _aliases;
};
var getMiddlewareNameWithAliases = (name, aliases) => {
  return `${name || "anonymous"}${aliases && aliases.length > 0 ? ` (a.k.a. ${aliases.join(",")})` : ""}`;
};
var constructStack = () => {
  let absoluteEntries = [];
  let relativeEntries = [];
  let identifyOnResolve = false;
  const entriesNameSet = /* @__PURE__ */ new Set();
  const sort = (entries) => entries.sort((a, b) => stepWeights[b.step] - stepWeights[a.step] || priorityWeights[b.priority || "normal"] - priorityWeights[a.priority || "normal"]);
  const removeByName = (toRemove) => {
    let isRemoved = false;
    const filterCb = (entry) => {
      const aliases = getAllAliases(entry.name, entry.aliases);
      if (aliases.includes(toRemove)) {
        isRemoved = true;
        for (const alias of aliases) {
          entriesNameSet.delete(alias);
        }
        return false;
      }
      return true;
    };
    absoluteEntries = absoluteEntries.filter(filterCb);
    relativeEntries = relativeEntries.filter(filterCb);
    return isRemoved;
  };
  const removeByReference = (toRemove) => {
    let isRemoved = false;
    const filterCb = (entry) => {
      if (entry.middleware === toRemove) {
        isRemoved = true;
        for (const alias of getAllAliases(entry.name, entry.aliases)) {
          entriesNameSet.delete(alias);
        }
        return false;
      }
      return true;
    };
    absoluteEntries = absoluteEntries.filter(filterCb);
    relativeEntries = relativeEntries.filter(filterCb);
    return isRemoved;
  };
  const cloneTo = (toStack) => {
    absoluteEntries.forEach((entry) => {
      toStack.add(entry.middleware, { ...entry });
    });
    relativeEntries.forEach((entry) => {
      toStack.addRelativeTo(entry.middleware, { ...entry });
    });
    toStack.identifyOnResolve?.(stack.identifyOnResolve());
    return toStack;
  };
  const expandRelativeMiddlewareList = (from) => {
    const expandedMiddlewareList = [];
    from.before.forEach((entry) => {
      if (entry.before.length === 0 && entry.after.length === 0) {
        expandedMiddlewareList.push(entry);
      } else {
        expandedMiddlewareList.push(...expandRelativeMiddlewareList(entry));
      }
    });
    expandedMiddlewareList.push(from);
    from.after.reverse().forEach((entry) => {
      if (entry.before.length === 0 && entry.after.length === 0) {
        expandedMiddlewareList.push(entry);
      } else {
        expandedMiddlewareList.push(...expandRelativeMiddlewareList(entry));
      }
    });
    return expandedMiddlewareList;
  };
  const getMiddlewareList = (debug = false) => {
    const normalizedAbsoluteEntries = [];
    const normalizedRelativeEntries = [];
    const normalizedEntriesNameMap = {};
    absoluteEntries.forEach((entry) => {
      const normalizedEntry = {
        ...entry,
        before: [],
        after: []
      };
      for (const alias of getAllAliases(normalizedEntry.name, normalizedEntry.aliases)) {
        normalizedEntriesNameMap[alias] = normalizedEntry;
      }
      normalizedAbsoluteEntries.push(normalizedEntry);
    });
    relativeEntries.forEach((entry) => {
      const normalizedEntry = {
        ...entry,
        before: [],
        after: []
      };
      for (const alias of getAllAliases(normalizedEntry.name, normalizedEntry.aliases)) {
        normalizedEntriesNameMap[alias] = normalizedEntry;
      }
      normalizedRelativeEntries.push(normalizedEntry);
    });
    normalizedRelativeEntries.forEach((entry) => {
      if (entry.toMiddleware) {
        const toMiddleware = normalizedEntriesNameMap[entry.toMiddleware];
        if (toMiddleware === void 0) {
          if (debug) {
            return;
          }
          throw new Error(`${entry.toMiddleware} is not found when adding ${getMiddlewareNameWithAliases(entry.name, entry.aliases)} middleware ${entry.relation} ${entry.toMiddleware}`);
        }
        if (entry.relation === "after") {
          toMiddleware.after.push(entry);
        }
        if (entry.relation === "before") {
          toMiddleware.before.push(entry);
        }
      }
    });
    const mainChain = sort(normalizedAbsoluteEntries).map(expandRelativeMiddlewareList).reduce((wholeList, expandedMiddlewareList) => {
      wholeList.push(...expandedMiddlewareList);
      return wholeList;
    }, []);
    return mainChain;
  };
  const stack = {
    add: (middleware, options = {}) => {
      const { name, override, aliases: _aliases } = options;
      const entry = {
        step: "initialize",
        priority: "normal",
        middleware,
        ...options
      };
      const aliases = getAllAliases(name, _aliases);
      if (aliases.length > 0) {
        if (aliases.some((alias) => entriesNameSet.has(alias))) {
          if (!override) {
            throw new Error(`Duplicate middleware name '${getMiddlewareNameWithAliases(name, _aliases)}'`);
          }
          for (const alias of aliases) {
            const toOverrideIndex = absoluteEntries.findIndex((entry2) => entry2.name === alias || entry2.aliases?.some((a) => a === alias));
            if (toOverrideIndex === -1) {
              continue;
            }
            const toOverride = absoluteEntries[toOverrideIndex];
            if (toOverride.step !== entry.step || entry.priority !== toOverride.priority) {
              throw new Error(`"${getMiddlewareNameWithAliases(toOverride.name, toOverride.aliases)}" middleware with ${toOverride.priority} priority in ${toOverride.step} step cannot be overridden by "${getMiddlewareNameWithAliases(name, _aliases)}" middleware with ${entry.priority} priority in ${entry.step} step.`);
            }
            absoluteEntries.splice(toOverrideIndex, 1);
          }
        }
        for (const alias of aliases) {
          entriesNameSet.add(alias);
        }
      }
      absoluteEntries.push(entry);
    },
    addRelativeTo: (middleware, options) => {
      const { name, override, aliases: _aliases } = options;
      const entry = {
        middleware,
        ...options
      };
      const aliases = getAllAliases(name, _aliases);
      if (aliases.length > 0) {
        if (aliases.some((alias) => entriesNameSet.has(alias))) {
          if (!override) {
            throw new Error(`Duplicate middleware name '${getMiddlewareNameWithAliases(name, _aliases)}'`);
          }
          for (const alias of aliases) {
            const toOverrideIndex = relativeEntries.findIndex((entry2) => entry2.name === alias || entry2.aliases?.some((a) => a === alias));
            if (toOverrideIndex === -1) {
              continue;
            }
            const toOverride = relativeEntries[toOverrideIndex];
            if (toOverride.toMiddleware !== entry.toMiddleware || toOverride.relation !== entry.relation) {
              throw new Error(`"${getMiddlewareNameWithAliases(toOverride.name, toOverride.aliases)}" middleware ${toOverride.relation} "${toOverride.toMiddleware}" middleware cannot be overridden by "${getMiddlewareNameWithAliases(name, _aliases)}" middleware ${entry.relation} "${entry.toMiddleware}" middleware.`);
            }
            relativeEntries.splice(toOverrideIndex, 1);
          }
        }
        for (const alias of aliases) {
          entriesNameSet.add(alias);
        }
      }
      relativeEntries.push(entry);
    },
    clone: () => cloneTo(constructStack()),
    use: (plugin) => {
      plugin.applyToStack(stack);
    },
    remove: (toRemove) => {
      if (typeof toRemove === "string") {
        return removeByName(toRemove);
      } else {
        return removeByReference(toRemove);
      }
    },
    removeByTag: (toRemove) => {
      let isRemoved = false;
      const filterCb = (entry) => {
        const { tags, name, aliases: _aliases } = entry;
        if (tags && tags.includes(toRemove)) {
          const aliases = getAllAliases(name, _aliases);
          for (const alias of aliases) {
            entriesNameSet.delete(alias);
          }
          isRemoved = true;
          return false;
        }
        return true;
      };
      absoluteEntries = absoluteEntries.filter(filterCb);
      relativeEntries = relativeEntries.filter(filterCb);
      return isRemoved;
    },
    concat: (from) => {
      const cloned = cloneTo(constructStack());
      cloned.use(from);
      cloned.identifyOnResolve(identifyOnResolve || cloned.identifyOnResolve() || (from.identifyOnResolve?.() ?? false));
      return cloned;
    },
    applyToStack: cloneTo,
    identify: () => {
      return getMiddlewareList(true).map((mw) => {
        const step = mw.step ?? mw.relation + " " + mw.toMiddleware;
        return getMiddlewareNameWithAliases(mw.name, mw.aliases) + " - " + step;
      });
    },
    identifyOnResolve(toggle) {
      if (typeof toggle === "boolean") {
        identifyOnResolve = toggle;
      }
      return identifyOnResolve;
    },
    resolve: (handler, context) => {
      for (const middleware of getMiddlewareList().map((entry) => entry.middleware).reverse()) {
        handler = middleware(handler, context);
      }
      if (identifyOnResolve) {
        console.log(stack.identify());
      }
      return handler;
    }
  };
  return stack;
};
var stepWeights = {
  initialize: 5,
  serialize: 4,
  build: 3,
  finalizeRequest: 2,
  deserialize: 1
};
var priorityWeights = {
  high: 3,
  normal: 2,
  low: 1
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/client.js
var Client = class {
  config;
  middlewareStack = constructStack();
  initConfig;
  handlers;
  constructor(config) {
    this.config = config;
    const { protocol, protocolSettings } = config;
    if (protocolSettings) {
      if (typeof protocol === "function") {
        config.protocol = new protocol(protocolSettings);
      }
    }
  }
  send(command, optionsOrCb, cb) {
    const options = typeof optionsOrCb !== "function" ? optionsOrCb : void 0;
    const callback = typeof optionsOrCb === "function" ? optionsOrCb : cb;
    const useHandlerCache = options === void 0 && this.config.cacheMiddleware === true;
    let handler;
    if (useHandlerCache) {
      if (!this.handlers) {
        this.handlers = /* @__PURE__ */ new WeakMap();
      }
      const handlers = this.handlers;
      if (handlers.has(command.constructor)) {
        handler = handlers.get(command.constructor);
      } else {
        handler = command.resolveMiddleware(this.middlewareStack, this.config, options);
        handlers.set(command.constructor, handler);
      }
    } else {
      delete this.handlers;
      handler = command.resolveMiddleware(this.middlewareStack, this.config, options);
    }
    if (callback) {
      handler(command).then((result) => callback(null, result.output), (err) => callback(err)).catch(() => {
      });
    } else {
      return handler(command).then((result) => result.output);
    }
  }
  destroy() {
    this.config?.requestHandler?.destroy?.();
    delete this.handlers;
  }
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/schemaLogFilter.js
var SENSITIVE_STRING = "***SensitiveInformation***";
function schemaLogFilter(schema, data) {
  if (data == null) {
    return data;
  }
  const ns = J6MMM3TS/* NormalizedSchema */.l1.of(schema);
  if (ns.getMergedTraits().sensitive) {
    return SENSITIVE_STRING;
  }
  if (ns.isListSchema()) {
    const valueSchema = ns.getValueSchema();
    if (valueSchema.getMergedTraits().sensitive) {
      return SENSITIVE_STRING;
    }
    if (Array.isArray(data)) {
      return data.map((value) => schemaLogFilter(valueSchema, value));
    }
  } else if (ns.isMapSchema()) {
    const valueSchema = ns.getValueSchema();
    if (ns.getKeySchema().getMergedTraits().sensitive || valueSchema.getMergedTraits().sensitive) {
      return SENSITIVE_STRING;
    }
    if (typeof data === "object") {
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, schemaLogFilter(valueSchema, value)]));
    }
  } else if (ns.isStructSchema() && typeof data === "object") {
    const object = data;
    const newObject = {};
    for (const [member, memberNs] of ns.structIterator()) {
      if (object[member] != null) {
        newObject[member] = schemaLogFilter(memberNs, object[member]);
      }
    }
    return newObject;
  }
  return data;
}

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/command.js
var operationEventStreamMarker = /* @__PURE__ */ Symbol.for("@smithy/op-event-stream");
var Command = class {
  middlewareStack = constructStack();
  schema;
  static classBuilder() {
    return new ClassBuilder();
  }
  resolveMiddlewareWithContext(clientStack, configuration, options, { middlewareFn, clientName, commandName, inputFilterSensitiveLog, outputFilterSensitiveLog, smithyContext, additionalContext, CommandCtor }) {
    for (const mw of middlewareFn.bind(this)(CommandCtor, clientStack, configuration, options)) {
      this.middlewareStack.use(mw);
    }
    const stack = clientStack.concat(this.middlewareStack);
    const { logger } = configuration;
    const additionalSmithyContext = additionalContext[J6MMM3TS/* SMITHY_CONTEXT_KEY */.Vf];
    const handlerExecutionContext = {
      logger,
      clientName,
      commandName,
      inputFilterSensitiveLog,
      outputFilterSensitiveLog,
      ...additionalContext,
      [J6MMM3TS/* SMITHY_CONTEXT_KEY */.Vf]: {
        ...additionalSmithyContext,
        commandInstance: this,
        ...smithyContext,
        ...options?.metricsRecorder === void 0 ? {} : { metricsRecorder: options.metricsRecorder },
        ...options?.abortSignal === void 0 ? {} : { abortSignal: options.abortSignal }
      }
    };
    const { requestHandler } = configuration;
    let requestOptions = options ?? {};
    if (requestOptions.metricsRecorder) {
      requestOptions = { ...requestOptions };
      delete requestOptions.metricsRecorder;
    }
    let isEventStream;
    const schema = this.schema;
    const marker = schema?.[operationEventStreamMarker];
    if (marker !== void 0) {
      isEventStream = marker;
    } else if (schema) {
      if (Array.isArray(schema) && schema[0] === 9) {
        const [, , , , input$, output$] = schema;
        isEventStream = schema[operationEventStreamMarker] = Boolean(J6MMM3TS/* NormalizedSchema */.l1.of(input$).getEventStreamMember() || J6MMM3TS/* NormalizedSchema */.l1.of(output$).getEventStreamMember());
      }
    }
    if (isEventStream) {
      requestOptions = {
        isEventStream,
        ...requestOptions
      };
    }
    return stack.resolve((request) => requestHandler.handle(request.request, requestOptions), handlerExecutionContext);
  }
};
var ClassBuilder = class {
  _init = () => {
  };
  _ep = {};
  _middlewareFn = () => [];
  _commandName = "";
  _clientName = "";
  _additionalContext = {};
  _smithyContext = {};
  _inputFilterSensitiveLog = void 0;
  _outputFilterSensitiveLog = void 0;
  _serializer = null;
  _deserializer = null;
  _operationSchema;
  init(cb) {
    this._init = cb;
  }
  ep(endpointParameterInstructions) {
    this._ep = endpointParameterInstructions;
    return this;
  }
  m(middlewareSupplier) {
    this._middlewareFn = middlewareSupplier;
    return this;
  }
  s(service, operation, smithyContext = {}) {
    this._smithyContext = {
      service,
      operation,
      ...smithyContext
    };
    return this;
  }
  c(additionalContext = {}) {
    this._additionalContext = additionalContext;
    return this;
  }
  n(clientName, commandName) {
    this._clientName = clientName;
    this._commandName = commandName;
    return this;
  }
  f(inputFilter = (_) => _, outputFilter = (_) => _) {
    this._inputFilterSensitiveLog = inputFilter;
    this._outputFilterSensitiveLog = outputFilter;
    return this;
  }
  ser(serializer) {
    this._serializer = serializer;
    return this;
  }
  de(deserializer) {
    this._deserializer = deserializer;
    return this;
  }
  sc(operation) {
    this._operationSchema = operation;
    this._smithyContext.operationSchema = operation;
    return this;
  }
  build() {
    const closure = this;
    let CommandRef;
    return CommandRef = class extends Command {
      input;
      static getEndpointParameterInstructions() {
        return closure._ep;
      }
      constructor(...[input]) {
        super();
        this.input = input ?? {};
        closure._init(this);
        this.schema = closure._operationSchema;
      }
      resolveMiddleware(stack, configuration, options) {
        const op = closure._operationSchema;
        const input = op?.[4] ?? op?.input;
        const output = op?.[5] ?? op?.output;
        return this.resolveMiddlewareWithContext(stack, configuration, options, {
          CommandCtor: CommandRef,
          middlewareFn: closure._middlewareFn,
          clientName: closure._clientName,
          commandName: closure._commandName,
          inputFilterSensitiveLog: closure._inputFilterSensitiveLog ?? (op ? schemaLogFilter.bind(null, input) : (_) => _),
          outputFilterSensitiveLog: closure._outputFilterSensitiveLog ?? (op ? schemaLogFilter.bind(null, output) : (_) => _),
          smithyContext: closure._smithyContext,
          additionalContext: closure._additionalContext
        });
      }
      serialize = closure._serializer;
      deserialize = closure._deserializer;
    };
  }
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/create-aggregated-client.js
var createAggregatedClient = (commands, Client2, options) => {
  for (const [command, CommandCtor] of Object.entries(commands)) {
    const methodImpl = async function(args, optionsOrCb, cb) {
      const command2 = new CommandCtor(args);
      if (typeof optionsOrCb === "function") {
        this.send(command2, optionsOrCb);
      } else if (typeof cb === "function") {
        if (typeof optionsOrCb !== "object") {
          throw new Error(`Expected http options but got ${typeof optionsOrCb}`);
        }
        this.send(command2, optionsOrCb || {}, cb);
      } else {
        return this.send(command2, optionsOrCb);
      }
    };
    const methodName = (command[0].toLowerCase() + command.slice(1)).replace(/Command$/, "");
    Client2.prototype[methodName] = methodImpl;
  }
  const { paginators = {}, waiters = {} } = options ?? {};
  for (const [paginatorName, paginatorFn] of Object.entries(paginators)) {
    if (Client2.prototype[paginatorName] === void 0) {
      Client2.prototype[paginatorName] = function(commandInput = {}, paginationConfiguration, ...rest) {
        return paginatorFn({
          ...paginationConfiguration,
          client: this
        }, commandInput, ...rest);
      };
    }
  }
  for (const [waiterName, waiterFn] of Object.entries(waiters)) {
    if (Client2.prototype[waiterName] === void 0) {
      Client2.prototype[waiterName] = async function(commandInput = {}, waiterConfiguration, ...rest) {
        let config = waiterConfiguration;
        if (typeof waiterConfiguration === "number") {
          config = {
            maxWaitTime: waiterConfiguration
          };
        }
        return waiterFn({
          ...config,
          client: this
        }, commandInput, ...rest);
      };
    }
  }
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/exceptions.js
var ServiceException = class _ServiceException extends Error {
  static shapeId = "smithy.ts.sdk.synthetic.nonamespace.client#ServiceException";
  $fault;
  $response;
  $retryable;
  $metadata;
  constructor(options) {
    super(options.message);
    Object.setPrototypeOf(this, Object.getPrototypeOf(this).constructor.prototype);
    this.name = options.name;
    this.$fault = options.$fault;
    this.$metadata = options.$metadata;
  }
  static isInstance(value) {
    if (!value) {
      return false;
    }
    const candidate = value;
    return _ServiceException.prototype.isPrototypeOf(candidate) || Boolean(candidate.$fault) && Boolean(candidate.$metadata) && (candidate.$fault === "client" || candidate.$fault === "server");
  }
  static [Symbol.hasInstance](instance) {
    if (!instance) {
      return false;
    }
    const candidate = instance;
    if (this === _ServiceException) {
      return _ServiceException.isInstance(instance);
    }
    if (_ServiceException.isInstance(instance)) {
      if (this.prototype.isPrototypeOf(instance)) {
        return true;
      }
      const targetId = Object.prototype.hasOwnProperty.call(this, "shapeId") ? this.shapeId : void 0;
      let candidateHasShapeId = false;
      if (targetId) {
        let proto = Object.getPrototypeOf(candidate);
        while (proto && proto !== Object.prototype) {
          const ctor = proto.constructor;
          const candidateId = ctor !== _ServiceException && Object.prototype.hasOwnProperty.call(ctor, "shapeId") ? ctor?.shapeId : void 0;
          if (candidateId) {
            candidateHasShapeId = true;
            if (candidateId === targetId) {
              return true;
            }
          }
          proto = Object.getPrototypeOf(proto);
        }
      }
      if (targetId && candidateHasShapeId) {
        return false;
      }
      const targetName = this.name;
      if (targetName && targetName.length >= 6) {
        if (candidate.name === targetName) {
          return true;
        }
        let proto = Object.getPrototypeOf(candidate);
        while (proto && proto !== Object.prototype) {
          const ctorName = proto.constructor?.name;
          if (ctorName && ctorName !== "Error" && ctorName === targetName) {
            return true;
          }
          proto = Object.getPrototypeOf(proto);
        }
      }
    }
    return false;
  }
};
var decorateServiceException = (exception, additions = {}) => {
  Object.entries(additions).filter(([, v]) => v !== void 0).forEach(([k, v]) => {
    if (exception[k] == void 0 || exception[k] === "") {
      exception[k] = v;
    }
  });
  const message = exception.message || exception.Message || "UnknownError";
  exception.message = message;
  delete exception.Message;
  return exception;
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/defaults-mode.js
var loadConfigsForDefaultMode = (mode) => {
  switch (mode) {
    case "standard":
      return {
        retryMode: "standard",
        connectionTimeout: 3100
      };
    case "in-region":
      return {
        retryMode: "standard",
        connectionTimeout: 1100
      };
    case "cross-region":
      return {
        retryMode: "standard",
        connectionTimeout: 3100
      };
    case "mobile":
      return {
        retryMode: "standard",
        connectionTimeout: 3e4
      };
    default:
      return {};
  }
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/emitWarningIfUnsupportedVersion.js
var warningEmitted = false;
var emitWarningIfUnsupportedVersion = (version) => {
  if (version && !warningEmitted && parseInt(version.substring(1, version.indexOf("."))) < 16) {
    warningEmitted = true;
  }
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/extensions/checksum.js
var knownAlgorithms = Object.values(J6MMM3TS/* AlgorithmId */.dB);
var getChecksumConfiguration = (runtimeConfig) => {
  const checksumAlgorithms = [];
  for (const id in J6MMM3TS/* AlgorithmId */.dB) {
    if (!(0,J6MMM3TS/* hasOwn */.$3)(J6MMM3TS/* AlgorithmId */.dB, id)) {
      continue;
    }
    const algorithmId = J6MMM3TS/* AlgorithmId */.dB[id];
    if (runtimeConfig[algorithmId] === void 0) {
      continue;
    }
    checksumAlgorithms.push({
      algorithmId: () => algorithmId,
      checksumConstructor: () => runtimeConfig[algorithmId]
    });
  }
  for (const [id, ChecksumCtor] of Object.entries(runtimeConfig.checksumAlgorithms ?? {})) {
    checksumAlgorithms.push({
      algorithmId: () => id,
      checksumConstructor: () => ChecksumCtor
    });
  }
  return {
    addChecksumAlgorithm(algo) {
      runtimeConfig.checksumAlgorithms = runtimeConfig.checksumAlgorithms ?? {};
      const id = algo.algorithmId();
      const ctor = algo.checksumConstructor();
      if (knownAlgorithms.includes(id)) {
        runtimeConfig.checksumAlgorithms[id.toUpperCase()] = ctor;
      } else {
        runtimeConfig.checksumAlgorithms[id] = ctor;
      }
      checksumAlgorithms.push(algo);
    },
    checksumAlgorithms() {
      return checksumAlgorithms;
    }
  };
};
var resolveChecksumRuntimeConfig = (clientConfig) => {
  const runtimeConfig = {};
  clientConfig.checksumAlgorithms().forEach((checksumAlgorithm) => {
    const id = checksumAlgorithm.algorithmId();
    if (knownAlgorithms.includes(id)) {
      runtimeConfig[id] = checksumAlgorithm.checksumConstructor();
    }
  });
  return runtimeConfig;
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/extensions/retry.js
var getRetryConfiguration = (runtimeConfig) => {
  return {
    setRetryStrategy(retryStrategy) {
      runtimeConfig.retryStrategy = retryStrategy;
    },
    retryStrategy() {
      return runtimeConfig.retryStrategy;
    }
  };
};
var resolveRetryRuntimeConfig = (retryStrategyConfiguration) => {
  const runtimeConfig = {};
  runtimeConfig.retryStrategy = retryStrategyConfiguration.retryStrategy();
  return runtimeConfig;
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/extensions/defaultExtensionConfiguration.js
var getDefaultExtensionConfiguration = (runtimeConfig) => {
  return Object.assign(getChecksumConfiguration(runtimeConfig), getRetryConfiguration(runtimeConfig));
};
var resolveDefaultRuntimeConfig = (config) => {
  return Object.assign(resolveChecksumRuntimeConfig(config), resolveRetryRuntimeConfig(config));
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/get-value-from-text-node.js
var getValueFromTextNode = (obj) => {
  const textNodeName = "#text";
  for (const key in obj) {
    if (!(0,J6MMM3TS/* hasOwn */.$3)(obj, key)) {
      continue;
    }
    if (obj[key][textNodeName] !== void 0) {
      obj[key] = obj[key][textNodeName];
    } else if (typeof obj[key] === "object" && obj[key] !== null) {
      obj[key] = getValueFromTextNode(obj[key]);
    }
  }
  return obj;
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/NoOpLogger.js
var NoOpLogger = class {
  trace() {
  }
  debug() {
  }
  info() {
  }
  warn() {
  }
  error() {
  }
};

// node_modules/@smithy/core/dist-es/submodules/client/smithy-client/client-command-builder.js
function makeBuilder(common, service, name, ep) {
  return function makeCommand(added, plugins, op, $, smithyContext = {}) {
    const epMerged = Object.assign({}, common, added);
    return Command.classBuilder().ep(epMerged).m(function(CommandCtor, clientStack, config, options) {
      const list = plugins.call(this, CommandCtor, clientStack, config, options);
      list.unshift(ep(config, CommandCtor.getEndpointParameterInstructions()));
      return list;
    }).s(service, op, smithyContext).n(name, op.charAt(0).toUpperCase() + op.slice(1) + "Command").sc($).build();
  };
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/getEndpointUrlConfig.js
var ENV_ENDPOINT_URL = "AWS_ENDPOINT_URL";
var CONFIG_ENDPOINT_URL = "endpoint_url";
var getEndpointUrlConfig = (serviceId) => ({
  environmentVariableSelector: (env2) => {
    const serviceSuffixParts = serviceId.split(" ").map((w) => w.toUpperCase());
    const serviceEndpointUrl = env2[[ENV_ENDPOINT_URL, ...serviceSuffixParts].join("_")];
    if (serviceEndpointUrl) {
      return serviceEndpointUrl;
    }
    const endpointUrl = env2[ENV_ENDPOINT_URL];
    if (endpointUrl) {
      return endpointUrl;
    }
    return void 0;
  },
  configFileSelector: (profile, config) => {
    if (profile.services) {
      const servicesSectionKey = ["services", profile.services].join(Q4FG57VT/* CONFIG_PREFIX_SEPARATOR */.QD);
      if (!config || !config[servicesSectionKey]) {
        throw new Error(`The services section "${profile.services}" specified in the profile is not present in the shared configuration file.`);
      }
      const servicesSection = config[servicesSectionKey];
      const servicePrefixParts = serviceId.split(" ").map((w) => w.toLowerCase());
      const endpointUrl2 = servicesSection[[servicePrefixParts.join("_"), CONFIG_ENDPOINT_URL].join(Q4FG57VT/* CONFIG_PREFIX_SEPARATOR */.QD)];
      if (endpointUrl2) {
        return endpointUrl2;
      }
    }
    const endpointUrl = profile[CONFIG_ENDPOINT_URL];
    if (endpointUrl) {
      return endpointUrl;
    }
    return void 0;
  },
  default: void 0
});

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/getIgnoreConfiguredEndpointUrls.js
var ENV_IGNORE_CONFIGURED_ENDPOINT_URLS = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
var CONFIG_IGNORE_CONFIGURED_ENDPOINT_URLS = "ignore_configured_endpoint_urls";
var ignoreConfiguredEndpointUrlsConfigSelectors = {
  environmentVariableSelector: (env2) => (0,Q4FG57VT/* booleanSelector */.Qm)(env2, ENV_IGNORE_CONFIGURED_ENDPOINT_URLS, Q4FG57VT/* SelectorType */.cV.ENV),
  configFileSelector: (profile) => (0,Q4FG57VT/* booleanSelector */.Qm)(profile, CONFIG_IGNORE_CONFIGURED_ENDPOINT_URLS, Q4FG57VT/* SelectorType */.cV.CONFIG),
  default: false
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/getEndpointFromConfig.js
var getEndpointFromConfig = async (serviceId) => {
  const ignore = await (0,Q4FG57VT/* loadConfig */.Z9)(ignoreConfiguredEndpointUrlsConfigSelectors)();
  if (ignore) {
    return void 0;
  }
  return (0,Q4FG57VT/* loadConfig */.Z9)(getEndpointUrlConfig(serviceId ?? ""))();
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/service-customizations/s3.js
var resolveParamsForS3 = async (endpointParams) => {
  const bucket = endpointParams?.Bucket || "";
  if (typeof endpointParams.Bucket === "string") {
    endpointParams.Bucket = bucket.replace(/#/g, encodeURIComponent("#")).replace(/\?/g, encodeURIComponent("?"));
  }
  if (isArnBucketName(bucket)) {
    if (endpointParams.ForcePathStyle === true) {
      throw new Error("Path-style addressing cannot be used with ARN buckets");
    }
  } else if (!isDnsCompatibleBucketName(bucket) || bucket.indexOf(".") !== -1 && !String(endpointParams.Endpoint).startsWith("http:") || bucket.toLowerCase() !== bucket || bucket.length < 3) {
    endpointParams.ForcePathStyle = true;
  }
  if (endpointParams.DisableMultiRegionAccessPoints) {
    endpointParams.disableMultiRegionAccessPoints = true;
    endpointParams.DisableMRAP = true;
  }
  return endpointParams;
};
var DOMAIN_PATTERN = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
var IP_ADDRESS_PATTERN = /(\d+\.){3}\d+/;
var DOTS_PATTERN = /\.\./;
var isDnsCompatibleBucketName = (bucketName) => DOMAIN_PATTERN.test(bucketName) && !IP_ADDRESS_PATTERN.test(bucketName) && !DOTS_PATTERN.test(bucketName);
var isArnBucketName = (bucketName) => {
  const [arn, partition2, service, , , bucket] = bucketName.split(":");
  const isArn = arn === "arn" && bucketName.split(":").length >= 6;
  const isValidArn = Boolean(isArn && partition2 && service && bucket);
  if (isArn && !isValidArn) {
    throw new Error(`Invalid ARN: ${bucketName} was an invalid ARN.`);
  }
  return isValidArn;
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/createConfigValueProvider.js
var createConfigValueProvider = (configKey, canonicalEndpointParamKey, config, isClientContextParam = false) => {
  const configProvider = async () => {
    let configValue;
    if (isClientContextParam) {
      const clientContextParams = config.clientContextParams;
      const nestedValue = clientContextParams?.[configKey];
      configValue = nestedValue ?? config[configKey] ?? config[canonicalEndpointParamKey];
    } else {
      configValue = config[configKey] ?? config[canonicalEndpointParamKey];
    }
    if (typeof configValue === "function") {
      return configValue();
    }
    return configValue;
  };
  if (configKey === "credentialScope" || canonicalEndpointParamKey === "CredentialScope") {
    return async () => {
      const credentials = typeof config.credentials === "function" ? await config.credentials() : config.credentials;
      const configValue = credentials?.credentialScope ?? credentials?.CredentialScope;
      return configValue;
    };
  }
  if (configKey === "accountId" || canonicalEndpointParamKey === "AccountId") {
    return async () => {
      const credentials = typeof config.credentials === "function" ? await config.credentials() : config.credentials;
      const configValue = credentials?.accountId ?? credentials?.AccountId;
      return configValue;
    };
  }
  if (configKey === "endpoint" || canonicalEndpointParamKey === "endpoint") {
    return async () => {
      if (config.isCustomEndpoint === false) {
        return void 0;
      }
      const endpoint = await configProvider();
      if (endpoint && typeof endpoint === "object") {
        if ("url" in endpoint) {
          return endpoint.url.href;
        }
        if ("hostname" in endpoint) {
          const { protocol, hostname, port, path } = endpoint;
          return `${protocol}//${hostname}${port ? ":" + port : ""}${path}`;
        }
      }
      return endpoint;
    };
  }
  return configProvider;
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/getEndpointFromInstructions.js
function bindGetEndpointFromInstructions(getEndpointFromConfig2) {
  return async (commandInput, instructionsSupplier, clientConfig, context) => {
    if (!clientConfig.isCustomEndpoint && !clientConfig.ignoreConfiguredEndpointUrls) {
      let endpointFromConfig;
      if (clientConfig.serviceConfiguredEndpoint) {
        endpointFromConfig = await clientConfig.serviceConfiguredEndpoint();
      } else {
        endpointFromConfig = await getEndpointFromConfig2(clientConfig.serviceId);
      }
      if (endpointFromConfig) {
        clientConfig.endpoint = () => Promise.resolve((0,J6MMM3TS/* toEndpointV1 */.a0)(endpointFromConfig));
        clientConfig.isCustomEndpoint = true;
        context?.logger?.debug?.(`@smithy/core/endpoints - resolved endpoint from config: ${endpointFromConfig}`);
      }
    }
    const endpointParams = await resolveParams(commandInput, instructionsSupplier, clientConfig);
    if (typeof clientConfig.endpointProvider !== "function") {
      throw new Error("config.endpointProvider is not set.");
    }
    const endpoint = clientConfig.endpointProvider(endpointParams, context);
    if (clientConfig.isCustomEndpoint && clientConfig.endpoint) {
      const customEndpoint = await clientConfig.endpoint();
      if (customEndpoint?.headers) {
        endpoint.headers ??= {};
        for (const [name, value] of Object.entries(customEndpoint.headers)) {
          endpoint.headers[name] = Array.isArray(value) ? value : [value];
        }
      }
    }
    return endpoint;
  };
}
var resolveParams = async (commandInput, instructionsSupplier, clientConfig) => {
  const endpointParams = {};
  const instructions = instructionsSupplier?.getEndpointParameterInstructions?.() || {};
  for (const [name, instruction] of Object.entries(instructions)) {
    switch (instruction.type) {
      case "staticContextParams":
        endpointParams[name] = instruction.value;
        break;
      case "contextParams":
        endpointParams[name] = commandInput[instruction.name];
        break;
      case "clientContextParams":
      case "builtInParams":
        endpointParams[name] = await createConfigValueProvider(instruction.name, name, clientConfig, instruction.type !== "builtInParams")();
        break;
      case "operationContextParams":
        endpointParams[name] = instruction.get(commandInput);
        break;
      default:
        throw new Error("Unrecognized endpoint parameter instruction: " + JSON.stringify(instruction));
    }
  }
  if (Object.keys(instructions).length === 0) {
    Object.assign(endpointParams, clientConfig);
  }
  if (String(clientConfig.serviceId).toLowerCase() === "s3") {
    await resolveParamsForS3(endpointParams);
  }
  return endpointParams;
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/endpointMiddleware.js
function setFeature(context, feature, value) {
  if (!context.__smithy_context) {
    context.__smithy_context = { features: {} };
  } else if (!context.__smithy_context.features) {
    context.__smithy_context.features = {};
  }
  context.__smithy_context.features[feature] = value;
}
function bindEndpointMiddleware(getEndpointFromConfig2) {
  const getEndpointFromInstructions2 = bindGetEndpointFromInstructions(getEndpointFromConfig2);
  return ({ config, instructions }) => {
    return (next, context) => async (args) => {
      if (config.isCustomEndpoint) {
        setFeature(context, "ENDPOINT_OVERRIDE", "N");
      }
      const endpoint = await getEndpointFromInstructions2(args.input, {
        getEndpointParameterInstructions() {
          return instructions;
        }
      }, { ...config }, context);
      context.endpointV2 = endpoint;
      context.authSchemes = endpoint.properties?.authSchemes;
      const authScheme = context.authSchemes?.[0];
      if (authScheme) {
        context["signing_region"] = authScheme.signingRegion;
        context["signing_service"] = authScheme.signingName;
        const smithyContext = (0,J6MMM3TS/* getSmithyContext */.ug)(context);
        const httpAuthOption = smithyContext?.selectedHttpAuthScheme?.httpAuthOption;
        if (httpAuthOption) {
          httpAuthOption.signingProperties = Object.assign(httpAuthOption.signingProperties || {}, {
            signing_region: authScheme.signingRegion,
            signingRegion: authScheme.signingRegion,
            signing_service: authScheme.signingName,
            signingName: authScheme.signingName,
            signingRegionSet: authScheme.signingRegionSet
          }, authScheme.properties);
        }
      }
      return next({
        ...args
      });
    };
  };
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/getEndpointPlugin.js
var serializerMiddlewareOption = {
  name: "serializerMiddleware",
  step: "serialize",
  tags: ["SERIALIZER"],
  override: true
};
var endpointMiddlewareOptions = {
  step: "serialize",
  tags: ["ENDPOINT_PARAMETERS", "ENDPOINT_V2", "ENDPOINT"],
  name: "endpointV2Middleware",
  override: true,
  relation: "before",
  toMiddleware: serializerMiddlewareOption.name
};
function bindGetEndpointPlugin(getEndpointFromConfig2) {
  const endpointMiddleware2 = bindEndpointMiddleware(getEndpointFromConfig2);
  return (config, instructions) => ({
    applyToStack: (clientStack) => {
      clientStack.addRelativeTo(endpointMiddleware2({
        config,
        instructions
      }), endpointMiddlewareOptions);
    }
  });
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/resolveEndpointConfig.js
function bindResolveEndpointConfig(getEndpointFromConfig2) {
  return (input) => {
    const tls = input.tls ?? true;
    const { endpoint, useDualstackEndpoint, useFipsEndpoint } = input;
    const customEndpointProvider = endpoint != null ? async () => (0,J6MMM3TS/* toEndpointV1 */.a0)(await (0,J6MMM3TS/* normalizeProvider */.te)(endpoint)()) : void 0;
    const isCustomEndpoint = !!endpoint;
    const resolvedConfig = Object.assign(input, {
      endpoint: customEndpointProvider,
      tls,
      isCustomEndpoint,
      useDualstackEndpoint: (0,J6MMM3TS/* normalizeProvider */.te)(useDualstackEndpoint ?? false),
      useFipsEndpoint: (0,J6MMM3TS/* normalizeProvider */.te)(useFipsEndpoint ?? false),
      ignoreConfiguredEndpointUrls: !!input.ignoreConfiguredEndpointUrls
    });
    let configuredEndpointPromise = void 0;
    resolvedConfig.serviceConfiguredEndpoint = async () => {
      if (input.serviceId && !configuredEndpointPromise) {
        configuredEndpointPromise = getEndpointFromConfig2(input.serviceId);
      }
      return configuredEndpointPromise;
    };
    return resolvedConfig;
  };
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/bdd/BinaryDecisionDiagram.js
var BinaryDecisionDiagram = class _BinaryDecisionDiagram {
  nodes;
  root;
  conditions;
  results;
  constructor(bdd, root, conditions, results) {
    this.nodes = bdd;
    this.root = root;
    this.conditions = conditions;
    this.results = results;
  }
  static from(bdd, root, conditions, results) {
    return new _BinaryDecisionDiagram(bdd, root, conditions, results);
  }
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/cache/EndpointCache.js
var EndpointCache = class {
  capacity;
  data = /* @__PURE__ */ new Map();
  parameters = [];
  constructor({ size, params }) {
    this.capacity = size ?? 50;
    if (params) {
      this.parameters = params;
    }
  }
  get(endpointParams, resolver) {
    const key = this.hash(endpointParams);
    if (key === false) {
      return resolver();
    }
    if (!this.data.has(key)) {
      if (this.data.size > this.capacity + 10) {
        const keys = this.data.keys();
        let i = 0;
        while (true) {
          const { value, done } = keys.next();
          this.data.delete(value);
          if (done || ++i > 10) {
            break;
          }
        }
      }
      this.data.set(key, resolver());
    }
    return this.data.get(key);
  }
  size() {
    return this.data.size;
  }
  hash(endpointParams) {
    let buffer = "";
    const { parameters } = this;
    if (parameters.length === 0) {
      return false;
    }
    for (const param of parameters) {
      const raw = endpointParams[param];
      const val = raw == null ? "\0" : String(raw);
      if (val.includes("|;")) {
        return false;
      }
      buffer += val + "|;";
    }
    return buffer;
  }
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/types/EndpointError.js
var EndpointError = class extends Error {
  constructor(message) {
    super(message);
    this.name = "EndpointError";
  }
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/debug/debugId.js
var debugId = "endpoints";

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/debug/toDebugString.js
function toDebugString(input) {
  if (typeof input !== "object" || input == null) {
    return input;
  }
  if ("ref" in input) {
    return `$${toDebugString(input.ref)}`;
  }
  if ("fn" in input) {
    return `${input.fn}(${(input.argv || []).map(toDebugString).join(", ")})`;
  }
  return JSON.stringify(input, null, 2);
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/customEndpointFunctions.js
var customEndpointFunctions = {};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/booleanEquals.js
var booleanEquals = (value1, value2) => value1 === value2;

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/coalesce.js
function coalesce(...args) {
  for (const arg of args) {
    if (arg != null) {
      return arg;
    }
  }
  return void 0;
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/getAttrPathList.js
var getAttrPathList = (path) => {
  const parts = path.split(".");
  const pathList = [];
  for (const part of parts) {
    const squareBracketIndex = part.indexOf("[");
    if (squareBracketIndex !== -1) {
      if (part.indexOf("]") !== part.length - 1) {
        throw new EndpointError(`Path: '${path}' does not end with ']'`);
      }
      const arrayIndex = part.slice(squareBracketIndex + 1, -1);
      if (Number.isNaN(parseInt(arrayIndex))) {
        throw new EndpointError(`Invalid array index: '${arrayIndex}' in path: '${path}'`);
      }
      if (squareBracketIndex !== 0) {
        pathList.push(part.slice(0, squareBracketIndex));
      }
      pathList.push(arrayIndex);
    } else {
      pathList.push(part);
    }
  }
  return pathList;
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/getAttr.js
var getAttr = (value, path) => getAttrPathList(path).reduce((acc, index) => {
  if (typeof acc !== "object") {
    throw new EndpointError(`Index '${index}' in '${path}' not found in '${JSON.stringify(value)}'`);
  } else if (Array.isArray(acc)) {
    const i = parseInt(index);
    return acc[i < 0 ? acc.length + i : i];
  }
  return acc[index];
}, value);

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/isSet.js
var isSet = (value) => value != null;

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/ite.js
function ite(condition, trueValue, falseValue) {
  return condition ? trueValue : falseValue;
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/not.js
var not = (value) => !value;

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/isIpAddress.js
var IP_V4_REGEX = new RegExp(`^(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)(?:\\.(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)){3}$`);
var isIpAddress = (value) => IP_V4_REGEX.test(value) || value.startsWith("[") && value.endsWith("]");

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/parseURL.js
var DEFAULT_PORTS = {
  [J6MMM3TS/* EndpointURLScheme */.Ue.HTTP]: 80,
  [J6MMM3TS/* EndpointURLScheme */.Ue.HTTPS]: 443
};
var parseURL = (value) => {
  const whatwgURL = (() => {
    try {
      if (value instanceof URL) {
        return value;
      }
      if (typeof value === "object" && "hostname" in value) {
        const { hostname: hostname2, port, protocol: protocol2 = "", path = "", query = {} } = value;
        const url = new URL(`${protocol2}//${hostname2}${port ? `:${port}` : ""}${path}`);
        url.search = Object.entries(query).map(([k, v]) => `${k}=${v}`).join("&");
        return url;
      }
      return new URL(value);
    } catch (ignored) {
      return null;
    }
  })();
  if (!whatwgURL) {
    console.error(`Unable to parse ${JSON.stringify(value)} as a whatwg URL.`);
    return null;
  }
  const urlString = whatwgURL.href;
  const { host, hostname, pathname, protocol, search } = whatwgURL;
  if (search) {
    return null;
  }
  const scheme = protocol.slice(0, -1);
  if (!Object.values(J6MMM3TS/* EndpointURLScheme */.Ue).includes(scheme)) {
    return null;
  }
  const isIp = isIpAddress(hostname);
  const inputContainsDefaultPort = urlString.includes(`${host}:${DEFAULT_PORTS[scheme]}`) || typeof value === "string" && value.includes(`${host}:${DEFAULT_PORTS[scheme]}`);
  const authority = `${host}${inputContainsDefaultPort ? `:${DEFAULT_PORTS[scheme]}` : ``}`;
  return {
    scheme,
    authority,
    path: pathname,
    normalizedPath: pathname.endsWith("/") ? pathname : `${pathname}/`,
    isIp
  };
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/split.js
function split(value, delimiter, limit) {
  if (limit === 1) {
    return [value];
  }
  if (value === "") {
    return [""];
  }
  const parts = value.split(delimiter);
  if (limit === 0) {
    return parts;
  }
  return parts.slice(0, limit - 1).concat(parts.slice(1).join(delimiter));
}

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/stringEquals.js
var stringEquals = (value1, value2) => value1 === value2;

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/substring.js
var substring = (input, start, stop, reverse) => {
  if (input == null || start >= stop || input.length < stop || /[^\u0000-\u007f]/.test(input)) {
    return null;
  }
  if (!reverse) {
    return input.substring(start, stop);
  }
  return input.substring(input.length - stop, input.length - start);
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/lib/uriEncode.js
var uriEncode = (value) => encodeURIComponent(value).replace(/[!*'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/endpointFunctions.js
var endpointFunctions = {
  booleanEquals,
  coalesce,
  getAttr,
  isSet,
  isValidHostLabel: J6MMM3TS/* isValidHostLabel */.X8,
  ite,
  not,
  parseURL,
  split,
  stringEquals,
  substring,
  uriEncode
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/evaluateTemplate.js
var evaluateTemplate = (template, options) => {
  const evaluatedTemplateArr = [];
  const { referenceRecord, endpointParams } = options;
  let currentIndex = 0;
  while (currentIndex < template.length) {
    const openingBraceIndex = template.indexOf("{", currentIndex);
    if (openingBraceIndex === -1) {
      evaluatedTemplateArr.push(template.slice(currentIndex));
      break;
    }
    evaluatedTemplateArr.push(template.slice(currentIndex, openingBraceIndex));
    const closingBraceIndex = template.indexOf("}", openingBraceIndex);
    if (closingBraceIndex === -1) {
      evaluatedTemplateArr.push(template.slice(openingBraceIndex));
      break;
    }
    if (template[openingBraceIndex + 1] === "{" && template[closingBraceIndex + 1] === "}") {
      evaluatedTemplateArr.push(template.slice(openingBraceIndex + 1, closingBraceIndex));
      currentIndex = closingBraceIndex + 2;
    }
    const parameterName = template.substring(openingBraceIndex + 1, closingBraceIndex);
    if (parameterName.includes("#")) {
      const [refName, attrName] = parameterName.split("#");
      evaluatedTemplateArr.push(getAttr(referenceRecord[refName] ?? endpointParams[refName], attrName));
    } else {
      evaluatedTemplateArr.push(referenceRecord[parameterName] ?? endpointParams[parameterName]);
    }
    currentIndex = closingBraceIndex + 1;
  }
  return evaluatedTemplateArr.join("");
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/getReferenceValue.js
var getReferenceValue = ({ ref }, options) => {
  return options.referenceRecord[ref] ?? options.endpointParams[ref];
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/evaluateExpression.js
var evaluateExpression = (obj, keyName, options) => {
  if (typeof obj === "string") {
    return evaluateTemplate(obj, options);
  } else if (obj["fn"]) {
    return group.callFunction(obj, options);
  } else if (obj["ref"]) {
    return getReferenceValue(obj, options);
  }
  throw new EndpointError(`'${keyName}': ${String(obj)} is not a string, function or reference.`);
};
var callFunction = ({ fn, argv }, options) => {
  const evaluatedArgs = Array(argv.length);
  for (let i = 0; i < evaluatedArgs.length; ++i) {
    const arg = argv[i];
    if (typeof arg === "boolean" || typeof arg === "number") {
      evaluatedArgs[i] = arg;
    } else {
      evaluatedArgs[i] = group.evaluateExpression(arg, "arg", options);
    }
  }
  const namespaceSeparatorIndex = fn.indexOf(".");
  if (namespaceSeparatorIndex !== -1) {
    const namespaceFunctions = customEndpointFunctions[fn.slice(0, namespaceSeparatorIndex)];
    const customFunction = namespaceFunctions?.[fn.slice(namespaceSeparatorIndex + 1)];
    if (typeof customFunction === "function") {
      return customFunction(...evaluatedArgs);
    }
  }
  const callable = endpointFunctions[fn];
  if (typeof callable === "function") {
    return callable(...evaluatedArgs);
  }
  throw new Error(`function ${fn} not loaded in endpointFunctions.`);
};
var group = {
  evaluateExpression,
  callFunction
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/evaluateCondition.js
var evaluateCondition = (condition, options) => {
  const { assign } = condition;
  if (assign && assign in options.referenceRecord) {
    throw new EndpointError(`'${assign}' is already defined in Reference Record.`);
  }
  const value = callFunction(condition, options);
  options.logger?.debug?.(`${debugId} evaluateCondition: ${toDebugString(condition)} = ${toDebugString(value)}`);
  const result = value === "" ? true : !!value;
  if (assign != null) {
    return { result, toAssign: { name: assign, value } };
  }
  return { result };
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/getEndpointHeaders.js
var getEndpointHeaders = (headers, options) => Object.entries(headers ?? {}).reduce((acc, [headerKey, headerVal]) => {
  acc[headerKey] = headerVal.map((headerValEntry) => {
    const processedExpr = evaluateExpression(headerValEntry, "Header value entry", options);
    if (typeof processedExpr !== "string") {
      throw new EndpointError(`Header '${headerKey}' value '${processedExpr}' is not a string`);
    }
    return processedExpr;
  });
  return acc;
}, {});

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/getEndpointProperties.js
var getEndpointProperties = (properties, options) => Object.entries(properties).reduce((acc, [propertyKey, propertyVal]) => {
  acc[propertyKey] = group2.getEndpointProperty(propertyVal, options);
  return acc;
}, {});
var getEndpointProperty = (property, options) => {
  if (Array.isArray(property)) {
    return property.map((propertyEntry) => getEndpointProperty(propertyEntry, options));
  }
  switch (typeof property) {
    case "string":
      return evaluateTemplate(property, options);
    case "object":
      if (property === null) {
        throw new EndpointError(`Unexpected endpoint property: ${property}`);
      }
      return group2.getEndpointProperties(property, options);
    case "boolean":
      return property;
    default:
      throw new EndpointError(`Unexpected endpoint property type: ${typeof property}`);
  }
};
var group2 = {
  getEndpointProperty,
  getEndpointProperties
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/getEndpointUrl.js
var getEndpointUrl = (endpointUrl, options) => {
  const expression = evaluateExpression(endpointUrl, "Endpoint URL", options);
  if (typeof expression === "string") {
    try {
      return new URL(expression);
    } catch (error) {
      console.error(`Failed to construct URL with ${expression}`, error);
      throw error;
    }
  }
  throw new EndpointError(`Endpoint URL must be a string, got ${typeof expression}`);
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/decideEndpoint.js
var RESULT = 1e8;
var decideEndpoint = (bdd, options) => {
  const { nodes, root, results, conditions } = bdd;
  let ref = root;
  const referenceRecord = {};
  const closure = {
    referenceRecord,
    endpointParams: options.endpointParams,
    logger: options.logger
  };
  while (ref !== 1 && ref !== -1 && ref < RESULT) {
    const node_i = 3 * (Math.abs(ref) - 1);
    const [condition_i, highRef, lowRef] = [nodes[node_i], nodes[node_i + 1], nodes[node_i + 2]];
    const [fn, argv, assign] = conditions[condition_i];
    const evaluation = evaluateCondition({ fn, assign, argv }, closure);
    if (evaluation.toAssign) {
      const { name, value } = evaluation.toAssign;
      referenceRecord[name] = value;
    }
    ref = ref >= 0 === evaluation.result ? highRef : lowRef;
  }
  if (ref >= RESULT) {
    const result = results[ref - RESULT];
    if (result[0] === -1) {
      const [, errorExpression] = result;
      throw new EndpointError(evaluateExpression(errorExpression, "Error", closure));
    }
    const [url, properties, headers] = result;
    return {
      url: getEndpointUrl(url, closure),
      properties: getEndpointProperties(properties, closure),
      headers: getEndpointHeaders(headers ?? {}, closure)
    };
  }
  throw new EndpointError(`No matching endpoint.`);
};

// node_modules/@smithy/core/dist-es/submodules/endpoints/index.js
var getEndpointFromInstructions = bindGetEndpointFromInstructions(getEndpointFromConfig);
var resolveEndpointConfig = bindResolveEndpointConfig(getEndpointFromConfig);
var endpointMiddleware = bindEndpointMiddleware(getEndpointFromConfig);
var getEndpointPlugin = bindGetEndpointPlugin(getEndpointFromConfig);

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/retries-2026-config.js
var Retry = class {
  static v2026 = true;
  static delay() {
    return 50;
  }
  static throttlingDelay() {
    return 1e3;
  }
  static cost() {
    return 14;
  }
  static throttlingCost() {
    return 5;
  }
  static modifiedCostType() {
    return "THROTTLING";
  }
};

// node_modules/@smithy/core/dist-es/submodules/retry/service-error-classification/constants.js
var THROTTLING_ERROR_CODES = [
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException"
];
var TRANSIENT_ERROR_CODES = ["TimeoutError", "RequestTimeout", "RequestTimeoutException"];
var TRANSIENT_ERROR_STATUS_CODES = [500, 502, 503, 504];
var NODEJS_TIMEOUT_ERROR_CODES = ["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT"];
var NODEJS_NETWORK_ERROR_CODES = ["EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"];

// node_modules/@smithy/core/dist-es/submodules/retry/service-error-classification/service-error-classification.js
var isRetryableByTrait = (error) => error?.$retryable !== void 0;
var isClockSkewCorrectedError = (error) => error.$metadata?.clockSkewCorrected;
var isBrowserNetworkError = (error) => {
  const errorMessages = /* @__PURE__ */ new Set([
    "Failed to fetch",
    "NetworkError when attempting to fetch resource",
    "The Internet connection appears to be offline",
    "Load failed",
    "Network request failed"
  ]);
  const isValid = error && error instanceof TypeError;
  if (!isValid) {
    return false;
  }
  return errorMessages.has(error.message);
};
var isThrottlingError = (error) => error.$metadata?.httpStatusCode === 429 || THROTTLING_ERROR_CODES.includes(error.name) || error.$retryable?.throttling == true;
var isTransientError = (error, depth = 0) => error?.name !== "AbortError" && (isRetryableByTrait(error) || isClockSkewCorrectedError(error) || error.name === "InvalidSignatureException" && error.message?.includes("Signature expired") || TRANSIENT_ERROR_CODES.includes(error.name) || NODEJS_TIMEOUT_ERROR_CODES.includes(error?.code || "") || NODEJS_NETWORK_ERROR_CODES.includes(error?.code || "") || TRANSIENT_ERROR_STATUS_CODES.includes(error.$metadata?.httpStatusCode || 0) || isBrowserNetworkError(error) || isNodeJsHttp2TransientError(error) || error.cause !== void 0 && depth <= 10 && isTransientError(error.cause, depth + 1));
var isServerError = (error) => {
  if (error.$metadata?.httpStatusCode !== void 0) {
    const statusCode = error.$metadata.httpStatusCode;
    if (500 <= statusCode && statusCode <= 599 && !isTransientError(error)) {
      return true;
    }
    return false;
  }
  return false;
};
function isNodeJsHttp2TransientError(error) {
  return error.code === "ERR_HTTP2_STREAM_ERROR" && error.message.includes("NGHTTP2_REFUSED_STREAM");
}

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/DefaultRateLimiter.js
var DefaultRateLimiter = class _DefaultRateLimiter {
  static setTimeoutFn = (fn, delay) => setTimeout(fn, delay);
  beta;
  minCapacity;
  minFillRate;
  scaleConstant;
  smooth;
  enabled = false;
  availableTokens = 0;
  lastMaxRate = 0;
  measuredTxRate = 0;
  requestCount = 0;
  fillRate;
  lastThrottleTime;
  lastTimestamp = 0;
  lastTxRateBucket;
  maxCapacity;
  timeWindow = 0;
  constructor(options) {
    this.beta = options?.beta ?? 0.7;
    this.minCapacity = options?.minCapacity ?? 1;
    this.minFillRate = options?.minFillRate ?? 0.5;
    this.scaleConstant = options?.scaleConstant ?? 0.4;
    this.smooth = options?.smooth ?? 0.8;
    this.lastThrottleTime = this.getCurrentTimeInSeconds();
    this.lastTxRateBucket = Math.floor(this.getCurrentTimeInSeconds());
    this.fillRate = this.minFillRate;
    this.maxCapacity = this.minCapacity;
  }
  async getSendToken() {
    return this.acquireTokenBucket(1);
  }
  updateClientSendingRate(response) {
    let calculatedRate;
    this.updateMeasuredRate();
    const retryErrorInfo = response;
    const isThrottling = retryErrorInfo?.errorType === "THROTTLING" || isThrottlingError(retryErrorInfo?.error ?? response);
    if (isThrottling) {
      const rateToUse = !this.enabled ? this.measuredTxRate : Math.min(this.measuredTxRate, this.fillRate);
      this.lastMaxRate = rateToUse;
      this.calculateTimeWindow();
      this.lastThrottleTime = this.getCurrentTimeInSeconds();
      calculatedRate = this.cubicThrottle(rateToUse);
      this.enableTokenBucket();
    } else {
      this.calculateTimeWindow();
      calculatedRate = this.cubicSuccess(this.getCurrentTimeInSeconds());
    }
    const newRate = Math.min(calculatedRate, 2 * this.measuredTxRate);
    this.updateTokenBucketRate(newRate);
  }
  getCurrentTimeInSeconds() {
    return Date.now() / 1e3;
  }
  async acquireTokenBucket(amount) {
    if (!this.enabled) {
      return;
    }
    this.refillTokenBucket();
    while (amount > this.availableTokens) {
      const delay = (amount - this.availableTokens) / this.fillRate * 1e3;
      await new Promise((resolve) => _DefaultRateLimiter.setTimeoutFn(resolve, delay));
      this.refillTokenBucket();
    }
    this.availableTokens = this.availableTokens - amount;
  }
  refillTokenBucket() {
    const timestamp = this.getCurrentTimeInSeconds();
    if (!this.lastTimestamp) {
      this.lastTimestamp = timestamp;
      return;
    }
    const fillAmount = (timestamp - this.lastTimestamp) * this.fillRate;
    this.availableTokens = Math.min(this.maxCapacity, this.availableTokens + fillAmount);
    this.lastTimestamp = timestamp;
  }
  calculateTimeWindow() {
    this.timeWindow = this.getPrecise(Math.pow(this.lastMaxRate * (1 - this.beta) / this.scaleConstant, 1 / 3));
  }
  cubicThrottle(rateToUse) {
    return this.getPrecise(rateToUse * this.beta);
  }
  cubicSuccess(timestamp) {
    return this.getPrecise(this.scaleConstant * Math.pow(timestamp - this.lastThrottleTime - this.timeWindow, 3) + this.lastMaxRate);
  }
  enableTokenBucket() {
    this.enabled = true;
  }
  updateTokenBucketRate(newRate) {
    this.refillTokenBucket();
    this.fillRate = Math.max(newRate, this.minFillRate);
    this.maxCapacity = Math.max(newRate, this.minCapacity);
    this.availableTokens = Math.min(this.availableTokens, this.maxCapacity);
  }
  updateMeasuredRate() {
    const t = this.getCurrentTimeInSeconds();
    const timeBucket = Math.floor(t * 2) / 2;
    this.requestCount++;
    if (timeBucket > this.lastTxRateBucket) {
      const currentRate = this.requestCount / (timeBucket - this.lastTxRateBucket);
      this.measuredTxRate = this.getPrecise(currentRate * this.smooth + this.measuredTxRate * (1 - this.smooth));
      this.requestCount = 0;
      this.lastTxRateBucket = timeBucket;
    }
  }
  getPrecise(num) {
    return parseFloat(num.toFixed(8));
  }
};

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/constants.js
var MAXIMUM_RETRY_DELAY = 20 * 1e3;
var INITIAL_RETRY_TOKENS = 500;
var NO_RETRY_INCREMENT = 1;
var INVOCATION_ID_HEADER = "amz-sdk-invocation-id";
var REQUEST_HEADER = "amz-sdk-request";

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/DefaultRetryBackoffStrategy.js
var DefaultRetryBackoffStrategy = class {
  x = Retry.delay();
  computeNextBackoffDelay(i) {
    const b = Math.random();
    const r = 2;
    const t_i = b * Math.min(this.x * r ** i, MAXIMUM_RETRY_DELAY);
    return Math.floor(t_i);
  }
  setDelayBase(delay) {
    this.x = delay;
  }
};

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/DefaultRetryToken.js
var DefaultRetryToken = class {
  delay;
  count;
  cost;
  longPoll;
  $retryLog = {
    acquisitionDelay: 0
  };
  constructor(delay, count, cost, longPoll) {
    this.delay = delay;
    this.count = count;
    this.cost = cost;
    this.longPoll = longPoll;
  }
  getRetryCount() {
    return this.count;
  }
  getRetryDelay() {
    return Math.min(MAXIMUM_RETRY_DELAY, this.delay);
  }
  getRetryCost() {
    return this.cost;
  }
  isLongPoll() {
    return this.longPoll;
  }
};

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/config.js
var RETRY_MODES;
(function(RETRY_MODES2) {
  RETRY_MODES2["STANDARD"] = "standard";
  RETRY_MODES2["ADAPTIVE"] = "adaptive";
})(RETRY_MODES || (RETRY_MODES = {}));
var DEFAULT_MAX_ATTEMPTS = 3;
var DEFAULT_RETRY_MODE = RETRY_MODES.STANDARD;

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/StandardRetryStrategy.js
var refusal = {
  incompatible: 1,
  attempts: 2,
  capacity: 3
};
var StandardRetryStrategy = class {
  mode = RETRY_MODES.STANDARD;
  retryBackoffStrategy;
  capacity = INITIAL_RETRY_TOKENS;
  maxAttemptsProvider;
  baseDelay;
  constructor(arg1) {
    if (typeof arg1 === "number") {
      this.maxAttemptsProvider = async () => arg1;
    } else if (typeof arg1 === "function") {
      this.maxAttemptsProvider = arg1;
    } else if (arg1 && typeof arg1 === "object") {
      this.maxAttemptsProvider = async () => arg1.maxAttempts;
      this.baseDelay = arg1.baseDelay;
      this.retryBackoffStrategy = arg1.backoff;
    }
    this.maxAttemptsProvider ??= async () => DEFAULT_MAX_ATTEMPTS;
    this.baseDelay ??= Retry.delay();
    this.retryBackoffStrategy ??= new DefaultRetryBackoffStrategy();
  }
  async acquireInitialRetryToken(retryTokenScope) {
    return new DefaultRetryToken(Retry.delay(), 0, void 0, retryTokenScope.includes(":longpoll"));
  }
  async refreshRetryTokenForRetry(token, errorInfo) {
    const maxAttempts = await this.getMaxAttempts();
    const retryCode = this.retryCode(token, errorInfo, maxAttempts);
    const shouldRetry = retryCode === 0;
    const isLongPoll = token.isLongPoll?.();
    if (shouldRetry || isLongPoll) {
      const errorType = errorInfo.errorType;
      this.retryBackoffStrategy.setDelayBase(errorType === "THROTTLING" ? Retry.throttlingDelay() : this.baseDelay);
      const delayFromErrorType = this.retryBackoffStrategy.computeNextBackoffDelay(token.getRetryCount());
      let retryDelay = delayFromErrorType;
      if (errorInfo.retryAfterHint instanceof Date) {
        retryDelay = Math.max(delayFromErrorType, Math.min(errorInfo.retryAfterHint.getTime() - Date.now(), delayFromErrorType + 5e3));
      }
      if (!shouldRetry) {
        const longPollBackoff = retryCode === refusal.capacity && isLongPoll ? retryDelay : 0;
        if (longPollBackoff > 0) {
          await new Promise((r) => setTimeout(r, longPollBackoff));
        }
      } else {
        const capacityCost = this.getCapacityCost(errorType);
        this.capacity -= capacityCost;
        const nextToken = new DefaultRetryToken(0, token.getRetryCount() + 1, capacityCost, token.isLongPoll?.() ?? false);
        await new Promise((r) => setTimeout(r, retryDelay));
        nextToken.$retryLog.acquisitionDelay = retryDelay;
        return nextToken;
      }
    }
    throw new Error("No retry token available");
  }
  recordSuccess(token) {
    this.capacity = Math.min(INITIAL_RETRY_TOKENS, this.capacity + (token.getRetryCost() ?? NO_RETRY_INCREMENT));
  }
  getCapacity() {
    return this.capacity;
  }
  async maxAttempts() {
    return this.maxAttemptsProvider();
  }
  async getMaxAttempts() {
    try {
      return await this.maxAttemptsProvider();
    } catch (ignored) {
      console.warn(`Max attempts provider could not resolve. Using default of ${DEFAULT_MAX_ATTEMPTS}`);
      return DEFAULT_MAX_ATTEMPTS;
    }
  }
  retryCode(tokenToRenew, errorInfo, maxAttempts) {
    const attempts = tokenToRenew.getRetryCount() + 1;
    const retryableStatus = this.isRetryableError(errorInfo.errorType) ? 0 : refusal.incompatible;
    const attemptStatus = attempts < maxAttempts ? 0 : refusal.attempts;
    const capacityStatus = this.capacity >= this.getCapacityCost(errorInfo.errorType) ? 0 : refusal.capacity;
    return retryableStatus || attemptStatus || capacityStatus;
  }
  getCapacityCost(errorType) {
    return errorType === Retry.modifiedCostType() ? Retry.throttlingCost() : Retry.cost();
  }
  isRetryableError(errorType) {
    return errorType === "THROTTLING" || errorType === "TRANSIENT";
  }
};

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/AdaptiveRetryStrategy.js
var AdaptiveRetryStrategy = class {
  mode = RETRY_MODES.ADAPTIVE;
  rateLimiter;
  standardRetryStrategy;
  constructor(maxAttemptsProvider, options) {
    const { rateLimiter } = options ?? {};
    this.rateLimiter = rateLimiter ?? new DefaultRateLimiter();
    this.standardRetryStrategy = options ? new StandardRetryStrategy({
      maxAttempts: typeof maxAttemptsProvider === "number" ? maxAttemptsProvider : 3,
      ...options
    }) : new StandardRetryStrategy(maxAttemptsProvider);
  }
  async acquireInitialRetryToken(retryTokenScope) {
    const token = await this.standardRetryStrategy.acquireInitialRetryToken(retryTokenScope);
    await this.rateLimiter.getSendToken();
    return token;
  }
  async refreshRetryTokenForRetry(tokenToRenew, errorInfo) {
    this.rateLimiter.updateClientSendingRate(errorInfo);
    const token = await this.standardRetryStrategy.refreshRetryTokenForRetry(tokenToRenew, errorInfo);
    await this.rateLimiter.getSendToken();
    return token;
  }
  recordSuccess(token) {
    this.rateLimiter.updateClientSendingRate({});
    this.standardRetryStrategy.recordSuccess(token);
  }
  async maxAttemptsProvider() {
    return this.standardRetryStrategy.maxAttempts();
  }
};

// node_modules/@smithy/core/dist-es/submodules/retry/middleware-retry/configurations.js
var ENV_MAX_ATTEMPTS = "AWS_MAX_ATTEMPTS";
var CONFIG_MAX_ATTEMPTS = "max_attempts";
var NODE_MAX_ATTEMPT_CONFIG_OPTIONS = {
  environmentVariableSelector: (env2) => {
    const value = env2[ENV_MAX_ATTEMPTS];
    if (!value) {
      return void 0;
    }
    const maxAttempt = parseInt(value);
    if (Number.isNaN(maxAttempt)) {
      throw new Error(`Environment variable ${ENV_MAX_ATTEMPTS} mast be a number, got "${value}"`);
    }
    return maxAttempt;
  },
  configFileSelector: (profile) => {
    const value = profile[CONFIG_MAX_ATTEMPTS];
    if (!value) {
      return void 0;
    }
    const maxAttempt = parseInt(value);
    if (Number.isNaN(maxAttempt)) {
      throw new Error(`Shared config file entry ${CONFIG_MAX_ATTEMPTS} mast be a number, got "${value}"`);
    }
    return maxAttempt;
  },
  default: DEFAULT_MAX_ATTEMPTS
};
var resolveRetryConfig = (input, defaults) => {
  const { retryStrategy, retryMode } = input;
  const { defaultMaxAttempts = DEFAULT_MAX_ATTEMPTS, defaultBaseDelay = Retry.delay() } = defaults ?? {};
  const maxAttemptsProvider = (0,J6MMM3TS/* normalizeProvider */.te)(input.maxAttempts ?? defaultMaxAttempts);
  let controller = retryStrategy ? Promise.resolve(retryStrategy) : void 0;
  const getDefault = async () => {
    const maxAttempts = await maxAttemptsProvider();
    const adaptive = await (0,J6MMM3TS/* normalizeProvider */.te)(retryMode)() === RETRY_MODES.ADAPTIVE;
    if (adaptive) {
      return new AdaptiveRetryStrategy(maxAttemptsProvider, {
        maxAttempts,
        baseDelay: defaultBaseDelay
      });
    }
    return new StandardRetryStrategy({
      maxAttempts,
      baseDelay: defaultBaseDelay
    });
  };
  return Object.assign(input, {
    maxAttempts: maxAttemptsProvider,
    retryStrategy: () => controller ??= getDefault()
  });
};
var ENV_RETRY_MODE = "AWS_RETRY_MODE";
var CONFIG_RETRY_MODE = "retry_mode";
var NODE_RETRY_MODE_CONFIG_OPTIONS = {
  environmentVariableSelector: (env2) => env2[ENV_RETRY_MODE],
  configFileSelector: (profile) => profile[CONFIG_RETRY_MODE],
  default: DEFAULT_RETRY_MODE
};

// node_modules/@smithy/core/dist-es/submodules/retry/middleware-retry/isStreamingPayload/isStreamingPayload.js

var isStreamingPayload = (request) => request?.body instanceof external_node_stream_.Readable || typeof ReadableStream !== "undefined" && request?.body instanceof ReadableStream;

// node_modules/@smithy/core/dist-es/submodules/retry/util-retry/race.js
var race = (promise, signal) => {
  if (!signal) {
    return promise;
  }
  let cleanup = () => {
  };
  const aborted = new Promise((_, reject) => {
    const handler = () => reject(createAbortError());
    if (signal.aborted) {
      handler();
    } else if (typeof signal.addEventListener === "function") {
      signal.addEventListener("abort", handler, { once: true });
      cleanup = () => signal.removeEventListener("abort", handler);
    } else {
      signal.onabort = handler;
    }
  });
  return Promise.race([promise, aborted]).finally(cleanup);
};
var createAbortError = () => Object.assign(new Error("Request aborted"), { name: "AbortError" });
var isAbortError = (error) => typeof error === "object" && error !== null && "name" in error && error.name === "AbortError";

// node_modules/@smithy/core/dist-es/submodules/retry/middleware-retry/parseRetryAfterHeader.js
function parseRetryAfterHeader(response, logger) {
  if (!J6MMM3TS/* HttpResponse */.cS.isInstance(response)) {
    return;
  }
  for (const header in response.headers) {
    if (!(0,J6MMM3TS/* hasOwn */.$3)(response.headers, header)) {
      continue;
    }
    const h = header.toLowerCase();
    if (h === "retry-after") {
      const retryAfter = response.headers[header];
      let retryAfterSeconds = NaN;
      if (retryAfter.endsWith("GMT")) {
        try {
          const date = (0,J6MMM3TS/* parseRfc7231DateTime */.xE)(retryAfter);
          retryAfterSeconds = (date.getTime() - Date.now()) / 1e3;
        } catch (e) {
          logger?.trace?.("Failed to parse retry-after header");
          logger?.trace?.(e);
        }
      } else if (retryAfter.match(/ GMT, ((\d+)|(\d+\.\d+))$/)) {
        retryAfterSeconds = Number(retryAfter.match(/ GMT, ([\d.]+)$/)?.[1]);
      } else if (retryAfter.match(/^((\d+)|(\d+\.\d+))$/)) {
        retryAfterSeconds = Number(retryAfter);
      } else if (Date.parse(retryAfter) >= Date.now()) {
        retryAfterSeconds = (Date.parse(retryAfter) - Date.now()) / 1e3;
      }
      if (isNaN(retryAfterSeconds)) {
        return;
      }
      return new Date(Date.now() + retryAfterSeconds * 1e3);
    } else if (h === "x-amz-retry-after") {
      const v = response.headers[header];
      const backoffMilliseconds = Number(v);
      if (isNaN(backoffMilliseconds)) {
        logger?.trace?.(`Failed to parse x-amz-retry-after=${v}`);
        return;
      }
      return new Date(Date.now() + backoffMilliseconds);
    }
  }
}

// node_modules/@smithy/core/dist-es/submodules/retry/middleware-retry/util.js
var asSdkError = (error) => {
  if (error instanceof Error) {
    return error;
  }
  if (error instanceof Object) {
    return Object.assign(new Error(), error);
  }
  if (typeof error === "string") {
    return new Error(error);
  }
  return new Error(`AWS SDK error wrapper for ${error}`);
};

// node_modules/@smithy/core/dist-es/submodules/retry/middleware-retry/retryMiddleware.js
function bindRetryMiddleware(isStreamingPayload2) {
  return (options) => (next, context) => async (args) => {
    let retryStrategy = await options.retryStrategy();
    const maxAttempts = await options.maxAttempts();
    const abortSignal = context[J6MMM3TS/* SMITHY_CONTEXT_KEY */.Vf]?.abortSignal;
    if (isRetryStrategyV2(retryStrategy)) {
      retryStrategy = retryStrategy;
      const retryTokenScope = (context["partition_id"] ?? "") + (context.__retryLongPoll ? ":longpoll" : "");
      let retryToken = await race(retryStrategy.acquireInitialRetryToken(retryTokenScope), abortSignal);
      let lastError = new Error();
      let attempts = 0;
      let totalRetryDelay = 0;
      const { request } = args;
      const isRequest = J6MMM3TS/* HttpRequest */.Kd.isInstance(request);
      if (isRequest) {
        request.headers[INVOCATION_ID_HEADER] = (0,J6MMM3TS.v4)();
      }
      while (true) {
        try {
          if (isRequest) {
            request.headers[REQUEST_HEADER] = `attempt=${attempts + 1}; max=${maxAttempts}`;
          }
          const { response, output } = await next(args);
          retryStrategy.recordSuccess(retryToken);
          output.$metadata.attempts = attempts + 1;
          output.$metadata.totalRetryDelay = totalRetryDelay;
          return { response, output };
        } catch (e) {
          const retryErrorInfo = getRetryErrorInfo(e, options.logger);
          lastError = asSdkError(e);
          if (isRequest && isStreamingPayload2(request)) {
            (context.logger instanceof NoOpLogger ? console : context.logger)?.warn("An error was encountered in a non-retryable streaming request.");
            throw lastError;
          }
          try {
            retryToken = await race(retryStrategy.refreshRetryTokenForRetry(retryToken, retryErrorInfo), abortSignal);
          } catch (refreshError) {
            if (abortSignal?.aborted && isAbortError(refreshError)) {
              throw refreshError;
            }
            if (!lastError.$metadata) {
              lastError.$metadata = {};
            }
            lastError.$metadata.attempts = attempts + 1;
            lastError.$metadata.totalRetryDelay = totalRetryDelay;
            throw lastError;
          }
          attempts = retryToken.getRetryCount();
          const delay = retryToken.getRetryDelay();
          totalRetryDelay += (retryToken?.$retryLog?.acquisitionDelay ?? 0) + delay;
          if (delay > 0) {
            await race(new Promise((resolve) => setTimeout(resolve, delay)), abortSignal);
          }
        }
      }
    } else {
      retryStrategy = retryStrategy;
      if (retryStrategy?.mode) {
        context.userAgent = [...context.userAgent || [], ["cfg/retry-mode", retryStrategy.mode]];
      }
      return retryStrategy.retry(next, args);
    }
  };
}
var isRetryStrategyV2 = (retryStrategy) => typeof retryStrategy.acquireInitialRetryToken !== "undefined" && typeof retryStrategy.refreshRetryTokenForRetry !== "undefined" && typeof retryStrategy.recordSuccess !== "undefined";
var getRetryErrorInfo = (error, logger) => {
  const errorInfo = {
    error,
    errorType: getRetryErrorType(error)
  };
  const retryAfterHint = parseRetryAfterHeader(error.$response, logger);
  if (retryAfterHint) {
    errorInfo.retryAfterHint = retryAfterHint;
  }
  return errorInfo;
};
var getRetryErrorType = (error) => {
  if (isThrottlingError(error)) {
    return "THROTTLING";
  }
  if (isTransientError(error)) {
    return "TRANSIENT";
  }
  if (isServerError(error)) {
    return "SERVER_ERROR";
  }
  return "CLIENT_ERROR";
};
var retryMiddlewareOptions = {
  name: "retryMiddleware",
  tags: ["RETRY"],
  step: "finalizeRequest",
  priority: "high",
  override: true
};
function bindGetRetryPlugin(isStreamingPayload2) {
  const retryMiddleware2 = bindRetryMiddleware(isStreamingPayload2);
  return (options) => ({
    applyToStack: (clientStack) => {
      clientStack.add(retryMiddleware2(options), retryMiddlewareOptions);
    }
  });
}

// node_modules/@smithy/core/dist-es/submodules/retry/index.js
var retryMiddleware = bindRetryMiddleware(isStreamingPayload);
var getRetryPlugin = bindGetRetryPlugin(isStreamingPayload);

// node_modules/@aws-sdk/core/dist-es/submodules/client/setCredentialFeature.js
function setCredentialFeature(credentials, feature, value) {
  if (!credentials.$source) {
    credentials.$source = {};
  }
  credentials.$source[feature] = value;
  return credentials;
}

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-host-header/hostHeaderMiddleware.js
function resolveHostHeaderConfig(input) {
  return input;
}
var hostHeaderMiddleware = (options) => (next) => async (args) => {
  if (!J6MMM3TS/* HttpRequest */.Kd.isInstance(args.request)) {
    return next(args);
  }
  const { request } = args;
  const { handlerProtocol = "" } = options.requestHandler.metadata || {};
  if (handlerProtocol.indexOf("h2") >= 0 && !request.headers[":authority"]) {
    delete request.headers["host"];
    request.headers[":authority"] = request.hostname + (request.port ? ":" + request.port : "");
  } else if (!request.headers["host"]) {
    let host = request.hostname;
    if (request.port != null) {
      host += `:${request.port}`;
    }
    request.headers["host"] = host;
  }
  return next(args);
};
var hostHeaderMiddlewareOptions = {
  name: "hostHeaderMiddleware",
  step: "build",
  priority: "low",
  tags: ["HOST"],
  override: true
};
var getHostHeaderPlugin = (options) => ({
  applyToStack: (clientStack) => {
    clientStack.add(hostHeaderMiddleware(options), hostHeaderMiddlewareOptions);
  }
});

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-logger/loggerMiddleware.js
var loggerMiddleware = () => (next, context) => async (args) => {
  try {
    const response = await next(args);
    const { clientName, commandName, logger, dynamoDbDocumentClientOptions = {} } = context;
    const { overrideInputFilterSensitiveLog, overrideOutputFilterSensitiveLog } = dynamoDbDocumentClientOptions;
    const inputFilterSensitiveLog = overrideInputFilterSensitiveLog ?? context.inputFilterSensitiveLog;
    const outputFilterSensitiveLog = overrideOutputFilterSensitiveLog ?? context.outputFilterSensitiveLog;
    const { $metadata, ...outputWithoutMetadata } = response.output;
    logger?.info?.({
      clientName,
      commandName,
      input: inputFilterSensitiveLog(args.input),
      output: outputFilterSensitiveLog(outputWithoutMetadata),
      metadata: $metadata
    });
    return response;
  } catch (error) {
    const { clientName, commandName, logger, dynamoDbDocumentClientOptions = {} } = context;
    const { overrideInputFilterSensitiveLog } = dynamoDbDocumentClientOptions;
    const inputFilterSensitiveLog = overrideInputFilterSensitiveLog ?? context.inputFilterSensitiveLog;
    logger?.error?.({
      clientName,
      commandName,
      input: inputFilterSensitiveLog(args.input),
      error,
      metadata: error.$metadata
    });
    throw error;
  }
};
var loggerMiddlewareOptions = {
  name: "loggerMiddleware",
  tags: ["LOGGER"],
  step: "initialize",
  override: true
};
var getLoggerPlugin = (options) => ({
  applyToStack: (clientStack) => {
    clientStack.add(loggerMiddleware(), loggerMiddlewareOptions);
  }
});

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-recursion-detection/configuration.js
var recursionDetectionMiddlewareOptions = {
  step: "build",
  tags: ["RECURSION_DETECTION", "TRACE_CONTEXT_PROPAGATION"],
  name: "recursionDetectionMiddleware",
  override: true,
  priority: "low"
};

// node_modules/@aws/lambda-invoke-store/dist-es/invoke-store.js
var PROTECTED_KEYS = {
  REQUEST_ID: /* @__PURE__ */ Symbol.for("_AWS_LAMBDA_REQUEST_ID"),
  X_RAY_TRACE_ID: /* @__PURE__ */ Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID"),
  TENANT_ID: /* @__PURE__ */ Symbol.for("_AWS_LAMBDA_TENANT_ID"),
  TRACEPARENT: /* @__PURE__ */ Symbol.for("_AWS_LAMBDA_TRACEPARENT"),
  TRACESTATE: /* @__PURE__ */ Symbol.for("_AWS_LAMBDA_TRACESTATE"),
  BAGGAGE: /* @__PURE__ */ Symbol.for("_AWS_LAMBDA_BAGGAGE")
};
var NO_GLOBAL_AWS_LAMBDA = ["true", "1"].includes(process.env?.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? "");
if (!NO_GLOBAL_AWS_LAMBDA) {
  globalThis.awslambda = globalThis.awslambda || {};
}
var InvokeStoreBase = class {
  static PROTECTED_KEYS = PROTECTED_KEYS;
  isProtectedKey(key) {
    return Object.values(PROTECTED_KEYS).includes(key);
  }
  getRequestId() {
    return this.get(PROTECTED_KEYS.REQUEST_ID) ?? "-";
  }
  getXRayTraceId() {
    return this.get(PROTECTED_KEYS.X_RAY_TRACE_ID);
  }
  getTenantId() {
    return this.get(PROTECTED_KEYS.TENANT_ID);
  }
  getTraceparent() {
    return this.get(PROTECTED_KEYS.TRACEPARENT);
  }
  getTracestate() {
    return this.get(PROTECTED_KEYS.TRACESTATE);
  }
  getBaggage() {
    return this.get(PROTECTED_KEYS.BAGGAGE);
  }
};
var InvokeStoreSingle = class extends InvokeStoreBase {
  currentContext;
  getContext() {
    return this.currentContext;
  }
  hasContext() {
    return this.currentContext !== void 0;
  }
  get(key) {
    return this.currentContext?.[key];
  }
  set(key, value) {
    if (this.isProtectedKey(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    this.currentContext = this.currentContext || {};
    this.currentContext[key] = value;
  }
  run(context, fn) {
    this.currentContext = context;
    return fn();
  }
};
var InvokeStoreMulti = class _InvokeStoreMulti extends InvokeStoreBase {
  als;
  static async create() {
    const instance = new _InvokeStoreMulti();
    const asyncHooks = await Promise.resolve(/* import() */).then(__nccwpck_require__.t.bind(__nccwpck_require__, 6698, 19));
    instance.als = new asyncHooks.AsyncLocalStorage();
    return instance;
  }
  getContext() {
    return this.als.getStore();
  }
  hasContext() {
    return this.als.getStore() !== void 0;
  }
  get(key) {
    return this.als.getStore()?.[key];
  }
  set(key, value) {
    if (this.isProtectedKey(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    }
    const store = this.als.getStore();
    if (!store) {
      throw new Error("No context available");
    }
    store[key] = value;
  }
  run(context, fn) {
    return this.als.run(context, fn);
  }
};
var InvokeStore;
(function(InvokeStore2) {
  let instance = null;
  async function getInstanceAsync(forceInvokeStoreMulti) {
    if (!instance) {
      instance = (async () => {
        const isMulti = forceInvokeStoreMulti === true || "AWS_LAMBDA_MAX_CONCURRENCY" in process.env;
        const newInstance = isMulti ? await InvokeStoreMulti.create() : new InvokeStoreSingle();
        if (!NO_GLOBAL_AWS_LAMBDA && globalThis.awslambda?.InvokeStore) {
          return globalThis.awslambda.InvokeStore;
        } else if (!NO_GLOBAL_AWS_LAMBDA && globalThis.awslambda) {
          globalThis.awslambda.InvokeStore = newInstance;
          return newInstance;
        } else {
          return newInstance;
        }
      })();
    }
    return instance;
  }
  InvokeStore2.getInstanceAsync = getInstanceAsync;
  InvokeStore2._testing = process.env.AWS_LAMBDA_BENCHMARK_MODE === "1" ? {
    reset: () => {
      instance = null;
      if (globalThis.awslambda?.InvokeStore) {
        delete globalThis.awslambda.InvokeStore;
      }
      globalThis.awslambda = { InvokeStore: void 0 };
    }
  } : void 0;
})(InvokeStore || (InvokeStore = {}));

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-recursion-detection/recursionDetectionMiddleware.js
var AWS_LAMBDA_FUNCTION_NAME = "AWS_LAMBDA_FUNCTION_NAME";
var _X_AMZN_TRACE_ID = "_X_AMZN_TRACE_ID";
var X_AMZN_TRACE_ID = "X-Amzn-Trace-Id";
var TRACEPARENT = "traceparent";
var TRACESTATE = "tracestate";
var BAGGAGE = "baggage";
var recursionDetectionMiddleware = () => (next) => async (args) => {
  const { request } = args;
  if (!J6MMM3TS/* HttpRequest */.Kd.isInstance(request)) {
    return next(args);
  }
  let invokeStore;
  {
    const traceIdHeader = Object.keys(request.headers ?? {}).find((h) => h.toLowerCase() === X_AMZN_TRACE_ID.toLowerCase()) ?? X_AMZN_TRACE_ID;
    if (!request.headers.hasOwnProperty(traceIdHeader)) {
      const functionName = process.env[AWS_LAMBDA_FUNCTION_NAME];
      const traceIdFromEnv = process.env[_X_AMZN_TRACE_ID];
      invokeStore ??= await InvokeStore.getInstanceAsync();
      const traceIdFromInvokeStore = invokeStore?.getXRayTraceId();
      const traceId = traceIdFromInvokeStore ?? traceIdFromEnv;
      const nonEmptyString = (str) => typeof str === "string" && str.length > 0;
      if (nonEmptyString(functionName) && nonEmptyString(traceId)) {
        request.headers[X_AMZN_TRACE_ID] = traceId;
      }
    }
  }
  {
    sanitizeTraceHeaders(request.headers);
    const existingTraceparent = request.headers[TRACEPARENT];
    if (!existingTraceparent) {
      const traceparent = (invokeStore ??= await InvokeStore.getInstanceAsync())?.getTraceparent?.();
      if (traceparent) {
        request.headers[TRACEPARENT] = traceparent;
        const tracestate = invokeStore?.getTracestate?.();
        if (tracestate) {
          request.headers[TRACESTATE] = tracestate;
        }
        const baggage = invokeStore?.getBaggage?.();
        if (baggage) {
          request.headers[BAGGAGE] = baggage;
        }
      }
    }
  }
  return next(args);
};
function sanitizeTraceHeaders(headers) {
  for (const header of Object.keys(headers)) {
    const lower = header.toLowerCase();
    if (header !== lower && (lower === TRACEPARENT || lower === TRACESTATE || lower === BAGGAGE)) {
      headers[lower] = headers[header];
      delete headers[header];
    }
  }
}

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-recursion-detection/getRecursionDetectionPlugin.js
var getRecursionDetectionPlugin = (options) => ({
  applyToStack: (clientStack) => {
    clientStack.add(recursionDetectionMiddleware(), recursionDetectionMiddlewareOptions);
  }
});

// node_modules/@smithy/core/dist-es/legacy-root-exports/middleware-http-auth-scheme/resolveAuthOptions.js
var resolveAuthOptions = (candidateAuthOptions, authSchemePreference) => {
  if (!authSchemePreference || authSchemePreference.length === 0) {
    return candidateAuthOptions;
  }
  const preferredAuthOptions = [];
  for (const preferredSchemeName of authSchemePreference) {
    for (const candidateAuthOption of candidateAuthOptions) {
      const candidateAuthSchemeName = candidateAuthOption.schemeId.split("#")[1];
      if (candidateAuthSchemeName === preferredSchemeName) {
        preferredAuthOptions.push(candidateAuthOption);
      }
    }
  }
  for (const candidateAuthOption of candidateAuthOptions) {
    if (!preferredAuthOptions.find(({ schemeId }) => schemeId === candidateAuthOption.schemeId)) {
      preferredAuthOptions.push(candidateAuthOption);
    }
  }
  return preferredAuthOptions;
};

// node_modules/@smithy/core/dist-es/legacy-root-exports/middleware-http-auth-scheme/httpAuthSchemeMiddleware.js
function convertHttpAuthSchemesToMap(httpAuthSchemes) {
  const map = /* @__PURE__ */ new Map();
  for (const scheme of httpAuthSchemes) {
    map.set(scheme.schemeId, scheme);
  }
  return map;
}
var httpAuthSchemeMiddleware = (config, mwOptions) => (next, context) => async (args) => {
  const options = config.httpAuthSchemeProvider(await mwOptions.httpAuthSchemeParametersProvider(config, context, args.input));
  const authSchemePreference = config.authSchemePreference ? await config.authSchemePreference() : [];
  const resolvedOptions = resolveAuthOptions(options, authSchemePreference);
  const authSchemes = convertHttpAuthSchemesToMap(config.httpAuthSchemes);
  const smithyContext = (0,J6MMM3TS/* getSmithyContext */.ug)(context);
  const failureReasons = [];
  for (const option of resolvedOptions) {
    const scheme = authSchemes.get(option.schemeId);
    if (!scheme) {
      failureReasons.push(`HttpAuthScheme \`${option.schemeId}\` was not enabled for this service.`);
      continue;
    }
    const identityProvider = scheme.identityProvider(await mwOptions.identityProviderConfigProvider(config));
    if (!identityProvider) {
      failureReasons.push(`HttpAuthScheme \`${option.schemeId}\` did not have an IdentityProvider configured.`);
      continue;
    }
    const { identityProperties = {}, signingProperties = {} } = option.propertiesExtractor?.(config, context) || {};
    option.identityProperties = Object.assign(option.identityProperties || {}, identityProperties);
    option.signingProperties = Object.assign(option.signingProperties || {}, signingProperties);
    smithyContext.selectedHttpAuthScheme = {
      httpAuthOption: option,
      identity: await identityProvider(option.identityProperties),
      signer: scheme.signer
    };
    break;
  }
  if (!smithyContext.selectedHttpAuthScheme) {
    throw new Error(failureReasons.join("\n"));
  }
  return next(args);
};

// node_modules/@smithy/core/dist-es/legacy-root-exports/middleware-http-auth-scheme/getHttpAuthSchemeEndpointRuleSetPlugin.js
var httpAuthSchemeEndpointRuleSetMiddlewareOptions = {
  step: "serialize",
  tags: ["HTTP_AUTH_SCHEME"],
  name: "httpAuthSchemeMiddleware",
  override: true,
  relation: "before",
  toMiddleware: "endpointV2Middleware"
};
var getHttpAuthSchemeEndpointRuleSetPlugin = (config, { httpAuthSchemeParametersProvider, identityProviderConfigProvider }) => ({
  applyToStack: (clientStack) => {
    clientStack.addRelativeTo(httpAuthSchemeMiddleware(config, {
      httpAuthSchemeParametersProvider,
      identityProviderConfigProvider
    }), httpAuthSchemeEndpointRuleSetMiddlewareOptions);
  }
});

// node_modules/@smithy/core/dist-es/legacy-root-exports/middleware-http-signing/httpSigningMiddleware.js
var defaultErrorHandler = (signingProperties) => (error) => {
  throw error;
};
var defaultSuccessHandler = (httpResponse, signingProperties) => {
};
var httpSigningMiddleware = (config) => (next, context) => async (args) => {
  if (!J6MMM3TS/* HttpRequest */.Kd.isInstance(args.request)) {
    return next(args);
  }
  const smithyContext = (0,J6MMM3TS/* getSmithyContext */.ug)(context);
  const scheme = smithyContext.selectedHttpAuthScheme;
  if (!scheme) {
    throw new Error(`No HttpAuthScheme was selected: unable to sign request`);
  }
  const { httpAuthOption: { signingProperties = {} }, identity, signer } = scheme;
  const output = await next({
    ...args,
    request: await signer.sign(args.request, identity, signingProperties)
  }).catch((signer.errorHandler || defaultErrorHandler)(signingProperties));
  (signer.successHandler || defaultSuccessHandler)(output.response, signingProperties);
  return output;
};

// node_modules/@smithy/core/dist-es/legacy-root-exports/middleware-http-signing/getHttpSigningMiddleware.js
var httpSigningMiddlewareOptions = {
  step: "finalizeRequest",
  tags: ["HTTP_SIGNING"],
  name: "httpSigningMiddleware",
  aliases: ["apiKeyMiddleware", "tokenMiddleware", "awsAuthMiddleware"],
  override: true,
  relation: "after",
  toMiddleware: "retryMiddleware"
};
var getHttpSigningPlugin = (config) => ({
  applyToStack: (clientStack) => {
    clientStack.addRelativeTo(httpSigningMiddleware(config), httpSigningMiddlewareOptions);
  }
});

// node_modules/@smithy/core/dist-es/legacy-root-exports/util-identity-and-auth/DefaultIdentityProviderConfig.js
var DefaultIdentityProviderConfig = class {
  authSchemes = /* @__PURE__ */ new Map();
  constructor(config) {
    for (const key in config) {
      if (!(0,J6MMM3TS/* hasOwn */.$3)(config, key)) {
        continue;
      }
      const value = config[key];
      if (value !== void 0) {
        this.authSchemes.set(key, value);
      }
    }
  }
  getIdentityProvider(schemeId) {
    return this.authSchemes.get(schemeId);
  }
};

// node_modules/@smithy/core/dist-es/legacy-root-exports/util-identity-and-auth/httpAuthSchemes/noAuth.js
var NoAuthSigner = class {
  async sign(httpRequest, identity, signingProperties) {
    return httpRequest;
  }
};

// node_modules/@smithy/core/dist-es/legacy-root-exports/util-identity-and-auth/memoizeIdentityProvider.js
var createIsIdentityExpiredFunction = (expirationMs) => function isIdentityExpired2(identity) {
  return doesIdentityRequireRefresh(identity) && identity.expiration.getTime() - Date.now() < expirationMs;
};
var EXPIRATION_MS = 3e5;
var isIdentityExpired = createIsIdentityExpiredFunction(EXPIRATION_MS);
var doesIdentityRequireRefresh = (identity) => identity.expiration !== void 0;
var memoizeIdentityProvider = (provider, isExpired, requiresRefresh) => {
  if (provider === void 0) {
    return void 0;
  }
  const normalizedProvider = typeof provider !== "function" ? async () => Promise.resolve(provider) : provider;
  let resolved;
  let pending;
  let hasResult;
  let isConstant = false;
  const coalesceProvider = async (options) => {
    if (!pending) {
      pending = normalizedProvider(options);
    }
    try {
      resolved = await pending;
      hasResult = true;
      isConstant = false;
    } finally {
      pending = void 0;
    }
    return resolved;
  };
  if (isExpired === void 0) {
    return async (options) => {
      if (!hasResult || options?.forceRefresh) {
        resolved = await coalesceProvider(options);
      }
      return resolved;
    };
  }
  return async (options) => {
    if (!hasResult || options?.forceRefresh) {
      resolved = await coalesceProvider(options);
    }
    if (isConstant) {
      return resolved;
    }
    if (!requiresRefresh(resolved)) {
      isConstant = true;
      return resolved;
    }
    if (isExpired(resolved)) {
      await coalesceProvider(options);
      return resolved;
    }
    return resolved;
  };
};

// node_modules/@smithy/core/dist-es/normalizeProvider.js
var normalizeProvider2 = (input) => {
  if (typeof input === "function") {
    return input;
  }
  const promisified = Promise.resolve(input);
  return () => promisified;
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/configurations.js
var DEFAULT_UA_APP_ID = void 0;
function isValidUserAgentAppId(appId) {
  if (appId === void 0) {
    return true;
  }
  return typeof appId === "string" && appId.length <= 50;
}
function resolveUserAgentConfig(input) {
  const normalizedAppIdProvider = normalizeProvider2(input.userAgentAppId ?? DEFAULT_UA_APP_ID);
  const { customUserAgent } = input;
  return Object.assign(input, {
    customUserAgent: typeof customUserAgent === "string" ? [[customUserAgent]] : customUserAgent,
    userAgentAppId: async () => {
      const appId = await normalizedAppIdProvider();
      if (!isValidUserAgentAppId(appId)) {
        const logger = input.logger?.constructor?.name === "NoOpLogger" || !input.logger ? console : input.logger;
        if (typeof appId !== "string") {
          logger?.warn("userAgentAppId must be a string or undefined.");
        } else if (appId.length > 50) {
          logger?.warn("The provided userAgentAppId exceeds the maximum length of 50 characters.");
        }
      }
      return appId;
    }
  });
}

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js
var partitionsInfo = {
  "partitions": [
    {
      "id": "aws",
      "outputs": {
        "dnsSuffix": "amazonaws.com",
        "dualStackDnsSuffix": "api.aws",
        "implicitGlobalRegion": "us-east-1",
        "name": "aws",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^(us|eu|ap|sa|ca|me|af|il|mx)\\-\\w+\\-\\d+$",
      "regions": {
        "af-south-1": {
          "description": "Africa (Cape Town)"
        },
        "ap-east-1": {
          "description": "Asia Pacific (Hong Kong)"
        },
        "ap-east-2": {
          "description": "Asia Pacific (Taipei)"
        },
        "ap-northeast-1": {
          "description": "Asia Pacific (Tokyo)"
        },
        "ap-northeast-2": {
          "description": "Asia Pacific (Seoul)"
        },
        "ap-northeast-3": {
          "description": "Asia Pacific (Osaka)"
        },
        "ap-south-1": {
          "description": "Asia Pacific (Mumbai)"
        },
        "ap-south-2": {
          "description": "Asia Pacific (Hyderabad)"
        },
        "ap-southeast-1": {
          "description": "Asia Pacific (Singapore)"
        },
        "ap-southeast-2": {
          "description": "Asia Pacific (Sydney)"
        },
        "ap-southeast-3": {
          "description": "Asia Pacific (Jakarta)"
        },
        "ap-southeast-4": {
          "description": "Asia Pacific (Melbourne)"
        },
        "ap-southeast-5": {
          "description": "Asia Pacific (Malaysia)"
        },
        "ap-southeast-6": {
          "description": "Asia Pacific (New Zealand)"
        },
        "ap-southeast-7": {
          "description": "Asia Pacific (Thailand)"
        },
        "aws-global": {
          "description": "aws global region"
        },
        "ca-central-1": {
          "description": "Canada (Central)"
        },
        "ca-west-1": {
          "description": "Canada West (Calgary)"
        },
        "eu-central-1": {
          "description": "Europe (Frankfurt)"
        },
        "eu-central-2": {
          "description": "Europe (Zurich)"
        },
        "eu-north-1": {
          "description": "Europe (Stockholm)"
        },
        "eu-south-1": {
          "description": "Europe (Milan)"
        },
        "eu-south-2": {
          "description": "Europe (Spain)"
        },
        "eu-west-1": {
          "description": "Europe (Ireland)"
        },
        "eu-west-2": {
          "description": "Europe (London)"
        },
        "eu-west-3": {
          "description": "Europe (Paris)"
        },
        "il-central-1": {
          "description": "Israel (Tel Aviv)"
        },
        "me-central-1": {
          "description": "Middle East (UAE)"
        },
        "me-south-1": {
          "description": "Middle East (Bahrain)"
        },
        "me-west-1": {
          "description": "Middle East (Saudi Arabia)"
        },
        "mx-central-1": {
          "description": "Mexico (Central)"
        },
        "sa-east-1": {
          "description": "South America (Sao Paulo)"
        },
        "sa-west-1": {
          "description": "South America (Chile)"
        },
        "us-east-1": {
          "description": "US East (N. Virginia)"
        },
        "us-east-2": {
          "description": "US East (Ohio)"
        },
        "us-west-1": {
          "description": "US West (N. California)"
        },
        "us-west-2": {
          "description": "US West (Oregon)"
        }
      }
    },
    {
      "id": "aws-cn",
      "outputs": {
        "dnsSuffix": "amazonaws.com.cn",
        "dualStackDnsSuffix": "api.amazonwebservices.com.cn",
        "implicitGlobalRegion": "cn-northwest-1",
        "name": "aws-cn",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^cn\\-\\w+\\-\\d+$",
      "regions": {
        "aws-cn-global": {
          "description": "aws-cn global region"
        },
        "cn-north-1": {
          "description": "China (Beijing)"
        },
        "cn-northwest-1": {
          "description": "China (Ningxia)"
        }
      }
    },
    {
      "id": "aws-eusc",
      "outputs": {
        "dnsSuffix": "amazonaws.eu",
        "dualStackDnsSuffix": "api.amazonwebservices.eu",
        "implicitGlobalRegion": "eusc-de-east-1",
        "name": "aws-eusc",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^eusc\\-(de)\\-\\w+\\-\\d+$",
      "regions": {
        "eusc-de-east-1": {
          "description": "AWS European Sovereign Cloud (Germany)"
        }
      }
    },
    {
      "id": "aws-iso",
      "outputs": {
        "dnsSuffix": "c2s.ic.gov",
        "dualStackDnsSuffix": "api.aws.ic.gov",
        "implicitGlobalRegion": "us-iso-east-1",
        "name": "aws-iso",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^us\\-iso\\-\\w+\\-\\d+$",
      "regions": {
        "aws-iso-global": {
          "description": "aws-iso global region"
        },
        "us-iso-east-1": {
          "description": "US ISO East"
        },
        "us-iso-west-1": {
          "description": "US ISO WEST"
        }
      }
    },
    {
      "id": "aws-iso-b",
      "outputs": {
        "dnsSuffix": "sc2s.sgov.gov",
        "dualStackDnsSuffix": "api.aws.scloud",
        "implicitGlobalRegion": "us-isob-east-1",
        "name": "aws-iso-b",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^us\\-isob\\-\\w+\\-\\d+$",
      "regions": {
        "aws-iso-b-global": {
          "description": "aws-iso-b global region"
        },
        "us-isob-east-1": {
          "description": "US ISOB East (Ohio)"
        },
        "us-isob-west-1": {
          "description": "US ISOB West"
        }
      }
    },
    {
      "id": "aws-iso-e",
      "outputs": {
        "dnsSuffix": "cloud.adc-e.uk",
        "dualStackDnsSuffix": "api.cloud-aws.adc-e.uk",
        "implicitGlobalRegion": "eu-isoe-west-1",
        "name": "aws-iso-e",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^eu\\-isoe\\-\\w+\\-\\d+$",
      "regions": {
        "aws-iso-e-global": {
          "description": "aws-iso-e global region"
        },
        "eu-isoe-west-1": {
          "description": "EU ISOE West"
        }
      }
    },
    {
      "id": "aws-iso-f",
      "outputs": {
        "dnsSuffix": "csp.hci.ic.gov",
        "dualStackDnsSuffix": "api.aws.hci.ic.gov",
        "implicitGlobalRegion": "us-isof-south-1",
        "name": "aws-iso-f",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^us\\-isof\\-\\w+\\-\\d+$",
      "regions": {
        "aws-iso-f-global": {
          "description": "aws-iso-f global region"
        },
        "us-isof-east-1": {
          "description": "US ISOF EAST"
        },
        "us-isof-south-1": {
          "description": "US ISOF SOUTH"
        }
      }
    },
    {
      "id": "aws-us-gov",
      "outputs": {
        "dnsSuffix": "amazonaws.com",
        "dualStackDnsSuffix": "api.aws",
        "implicitGlobalRegion": "us-gov-west-1",
        "name": "aws-us-gov",
        "supportsDualStack": true,
        "supportsFIPS": true
      },
      "regionRegex": "^us\\-gov\\-\\w+\\-\\d+$",
      "regions": {
        "aws-us-gov-global": {
          "description": "aws-us-gov global region"
        },
        "us-gov-east-1": {
          "description": "AWS GovCloud (US-East)"
        },
        "us-gov-west-1": {
          "description": "AWS GovCloud (US-West)"
        }
      }
    }
  ],
  "version": "1.1"
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partition.js
var selectedPartitionsInfo = partitionsInfo;
var selectedUserAgentPrefix = "";
var partition = (value) => {
  const { partitions } = selectedPartitionsInfo;
  for (const partition2 of partitions) {
    const { regions, outputs } = partition2;
    for (const [region, regionData] of Object.entries(regions)) {
      if (region === value) {
        return {
          ...outputs,
          ...regionData
        };
      }
    }
  }
  for (const partition2 of partitions) {
    const { regionRegex, outputs } = partition2;
    if (new RegExp(regionRegex).test(value)) {
      return {
        ...outputs
      };
    }
  }
  const DEFAULT_PARTITION = partitions.find((partition2) => partition2.id === "aws");
  if (!DEFAULT_PARTITION) {
    throw new Error("Provided region was not found in the partition array or regex, and default partition with id 'aws' doesn't exist.");
  }
  return {
    ...DEFAULT_PARTITION.outputs
  };
};
var getUserAgentPrefix = () => selectedUserAgentPrefix;

// node_modules/@aws-sdk/core/dist-es/submodules/client/setFeature.js
function setFeature2(context, feature, value) {
  if (!context.__aws_sdk_context) {
    context.__aws_sdk_context = {
      features: {}
    };
  } else if (!context.__aws_sdk_context.features) {
    context.__aws_sdk_context.features = {};
  }
  context.__aws_sdk_context.features[feature] = value;
}

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/check-features.js
var ACCOUNT_ID_ENDPOINT_REGEX = /\d{12}\.ddb/;
async function checkFeatures(context, config, args) {
  const request = args.request;
  if (request?.headers?.["smithy-protocol"] === "rpc-v2-cbor") {
    setFeature2(context, "PROTOCOL_RPC_V2_CBOR", "M");
  }
  if (typeof config.retryStrategy === "function") {
    const retryStrategy = await config.retryStrategy();
    if (typeof retryStrategy.mode === "string") {
      switch (retryStrategy.mode) {
        case RETRY_MODES.ADAPTIVE:
          setFeature2(context, "RETRY_MODE_ADAPTIVE", "F");
          break;
        case RETRY_MODES.STANDARD:
          setFeature2(context, "RETRY_MODE_STANDARD", "E");
          break;
      }
    }
  }
  if (typeof config.accountIdEndpointMode === "function") {
    const endpointV2 = context.endpointV2;
    if (String(endpointV2?.url?.hostname).match(ACCOUNT_ID_ENDPOINT_REGEX)) {
      setFeature2(context, "ACCOUNT_ID_ENDPOINT", "O");
    }
    switch (await config.accountIdEndpointMode?.()) {
      case "disabled":
        setFeature2(context, "ACCOUNT_ID_MODE_DISABLED", "Q");
        break;
      case "preferred":
        setFeature2(context, "ACCOUNT_ID_MODE_PREFERRED", "P");
        break;
      case "required":
        setFeature2(context, "ACCOUNT_ID_MODE_REQUIRED", "R");
        break;
    }
  }
  const identity = context.__smithy_context?.selectedHttpAuthScheme?.identity;
  if (identity?.$source) {
    const credentials = identity;
    if (credentials.accountId) {
      setFeature2(context, "RESOLVED_ACCOUNT_ID", "T");
    }
    for (const [key, value] of Object.entries(credentials.$source ?? {})) {
      setFeature2(context, key, value);
    }
  }
}

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/constants.js
var USER_AGENT = "user-agent";
var X_AMZ_USER_AGENT = "x-amz-user-agent";
var SPACE = " ";
var UA_NAME_SEPARATOR = "/";
var UA_NAME_ESCAPE_REGEX = /[^!$%&'*+\-.^_`|~\w]/g;
var UA_VALUE_ESCAPE_REGEX = /[^!$%&'*+\-.^_`|~\w#]/g;
var UA_ESCAPE_CHAR = "-";

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/encode-features.js
var BYTE_LIMIT = 1024;
function encodeFeatures(features) {
  let buffer = "";
  for (const key in features) {
    const val = features[key];
    if (buffer.length + val.length + 1 <= BYTE_LIMIT) {
      if (buffer.length) {
        buffer += "," + val;
      } else {
        buffer += val;
      }
      continue;
    }
    break;
  }
  return buffer;
}

// node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/user-agent-middleware.js
var userAgentMiddleware = (options) => (next, context) => async (args) => {
  const { request } = args;
  if (!J6MMM3TS/* HttpRequest */.Kd.isInstance(request)) {
    return next(args);
  }
  const { headers } = request;
  const userAgent = context?.userAgent?.map(escapeUserAgent) || [];
  const defaultUserAgent2 = (await options.defaultUserAgentProvider()).map(escapeUserAgent);
  await checkFeatures(context, options, args);
  const awsContext = context;
  defaultUserAgent2.push(`m/${encodeFeatures(Object.assign({}, context.__smithy_context?.features, awsContext.__aws_sdk_context?.features))}`);
  const customUserAgent = options?.customUserAgent?.map(escapeUserAgent) || [];
  const appId = await options.userAgentAppId();
  if (appId) {
    defaultUserAgent2.push(escapeUserAgent([`app`, `${appId}`]));
  }
  const prefix = getUserAgentPrefix();
  const sdkUserAgentValue = (prefix ? [prefix] : []).concat([...defaultUserAgent2, ...userAgent, ...customUserAgent]).join(SPACE);
  const normalUAValue = [
    ...defaultUserAgent2.filter((section) => section.startsWith("aws-sdk-")),
    ...customUserAgent
  ].join(SPACE);
  if (options.runtime !== "browser") {
    if (normalUAValue) {
      headers[X_AMZ_USER_AGENT] = headers[X_AMZ_USER_AGENT] ? `${headers[USER_AGENT]} ${normalUAValue}` : normalUAValue;
    }
    headers[USER_AGENT] = sdkUserAgentValue;
  } else {
    headers[X_AMZ_USER_AGENT] = sdkUserAgentValue;
  }
  return next({
    ...args,
    request
  });
};
var escapeUserAgent = (userAgentPair) => {
  const name = userAgentPair[0].split(UA_NAME_SEPARATOR).map((part) => part.replace(UA_NAME_ESCAPE_REGEX, UA_ESCAPE_CHAR)).join(UA_NAME_SEPARATOR);
  const version = userAgentPair[1]?.replace(UA_VALUE_ESCAPE_REGEX, UA_ESCAPE_CHAR);
  const prefixSeparatorIndex = name.indexOf(UA_NAME_SEPARATOR);
  const prefix = name.substring(0, prefixSeparatorIndex);
  let uaName = name.substring(prefixSeparatorIndex + 1);
  if (prefix === "api") {
    uaName = uaName.toLowerCase();
  }
  return [prefix, uaName, version].filter((item) => item && item.length > 0).reduce((acc, item, index) => {
    switch (index) {
      case 0:
        return item;
      case 1:
        return `${acc}/${item}`;
      default:
        return `${acc}#${item}`;
    }
  }, "");
};
var getUserAgentMiddlewareOptions = {
  name: "getUserAgentMiddleware",
  step: "build",
  priority: "low",
  tags: ["SET_USER_AGENT", "USER_AGENT"],
  override: true
};
var getUserAgentPlugin = (config) => ({
  applyToStack: (clientStack) => {
    clientStack.add(userAgentMiddleware(config), getUserAgentMiddlewareOptions);
  }
});

// node_modules/@aws-sdk/core/dist-es/submodules/client/emitWarningIfUnsupportedVersion.js
var state = {
  warningEmitted: false
};
var emitWarningIfUnsupportedVersion2 = (version) => {
  if (version && !state.warningEmitted) {
    if (process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED === "true") {
      state.warningEmitted = true;
      return;
    }
    const userMajorVersion = parseInt(version.substring(1, version.indexOf(".")));
    const vv = 22;
    if (userMajorVersion < vv) {
      state.warningEmitted = true;
      process.emitWarning(`NodeVersionSupportWarning: The AWS SDK for JavaScript (v3)
versions published after the first week of January 2027
will require node >=${vv}. You are running node ${version}.

To continue receiving updates to AWS services, bug fixes,
and security updates please upgrade to node >=${vv}.

More information can be found at: https://a.co/c895JFp`);
    }
  }
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/getDefaultSocketTimeout.js
var isDefaultSocketTimeoutEnabled = () => typeof process === "object" && process?.env?.AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026 === "true";
var getDefaultSocketTimeout = (requestHandler, timeoutMs) => {
  if (!isDefaultSocketTimeoutEnabled()) {
    return void 0;
  }
  if (typeof requestHandler?.handle === "function") {
    return void 0;
  }
  return timeoutMs;
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/defaultUserAgent.js



// node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/getRuntimeUserAgentPair.js

var getRuntimeUserAgentPair = () => {
  const runtimesToCheck = ["deno", "bun", "llrt"];
  for (const runtime of runtimesToCheck) {
    if (external_node_process_namespaceObject.versions[runtime]) {
      return [`md/${runtime}`, external_node_process_namespaceObject.versions[runtime]];
    }
  }
  return ["md/nodejs", external_node_process_namespaceObject.versions.node];
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/crt-availability.js
var crtAvailability = {
  isCrtAvailable: false
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/is-crt-available.js
var isCrtAvailable = () => {
  if (crtAvailability.isCrtAvailable) {
    return ["md/crt-avail"];
  }
  return null;
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/defaultUserAgent.js
var createDefaultUserAgentProvider = ({ serviceId, clientVersion }) => {
  const runtimeUserAgentPair = getRuntimeUserAgentPair();
  return async (config) => {
    const sections = [
      ["aws-sdk-js", clientVersion],
      ["ua", "2.1"],
      [`os/${(0,external_node_os_.platform)()}`, (0,external_node_os_.release)()],
      ["lang/js"],
      runtimeUserAgentPair
    ];
    const crtAvailable = isCrtAvailable();
    if (crtAvailable) {
      sections.push(crtAvailable);
    }
    if (serviceId) {
      sections.push([`api/${serviceId}`, clientVersion]);
    }
    if (external_node_process_namespaceObject.env.AWS_EXECUTION_ENV) {
      sections.push([`exec-env/${external_node_process_namespaceObject.env.AWS_EXECUTION_ENV}`]);
    }
    const appId = await config?.userAgentAppId?.();
    const resolvedUserAgent = appId ? [...sections, [`app/${appId}`]] : [...sections];
    return resolvedUserAgent;
  };
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/nodeAppIdConfigOptions.js
var UA_APP_ID_ENV_NAME = "AWS_SDK_UA_APP_ID";
var UA_APP_ID_INI_NAME = "sdk_ua_app_id";
var UA_APP_ID_INI_NAME_DEPRECATED = "sdk-ua-app-id";
var NODE_APP_ID_CONFIG_OPTIONS = {
  environmentVariableSelector: (env2) => env2[UA_APP_ID_ENV_NAME],
  configFileSelector: (profile) => profile[UA_APP_ID_INI_NAME] ?? profile[UA_APP_ID_INI_NAME_DEPRECATED],
  default: DEFAULT_UA_APP_ID
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/isVirtualHostableS3Bucket.js
var isVirtualHostableS3Bucket = (value, allowSubDomains = false) => {
  if (allowSubDomains) {
    for (const label of value.split(".")) {
      if (!isVirtualHostableS3Bucket(label)) {
        return false;
      }
    }
    return true;
  }
  if (!(0,J6MMM3TS/* isValidHostLabel */.X8)(value)) {
    return false;
  }
  if (value.length < 3 || value.length > 63) {
    return false;
  }
  if (value !== value.toLowerCase()) {
    return false;
  }
  if (isIpAddress(value)) {
    return false;
  }
  return true;
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/parseArn.js
var ARN_DELIMITER = ":";
var RESOURCE_DELIMITER = "/";
var parseArn = (value) => {
  const segments = value.split(ARN_DELIMITER);
  if (segments.length < 6) {
    return null;
  }
  const [arn, partition2, service, region, accountId, ...resourcePath] = segments;
  if (arn !== "arn" || partition2 === "" || service === "" || resourcePath.join(ARN_DELIMITER) === "") {
    return null;
  }
  const resourceId = resourcePath.map((resource) => resource.split(RESOURCE_DELIMITER)).flat();
  return {
    partition: partition2,
    service,
    region,
    accountId,
    resourceId
  };
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/aws.js
var awsEndpointFunctions = {
  isVirtualHostableS3Bucket,
  parseArn,
  partition
};
customEndpointFunctions.aws = awsEndpointFunctions;

// node_modules/@aws-sdk/core/dist-es/submodules/client/region-config-resolver/stsRegionDefaultResolver.js
function stsRegionDefaultResolver(loaderConfig = {}) {
  return (0,Q4FG57VT/* loadConfig */.Z9)({
    ...Q4FG57VT/* NODE_REGION_CONFIG_OPTIONS */.GG,
    async default() {
      if (!warning.silence) {
        console.warn("@aws-sdk - WARN - default STS region of us-east-1 used. See @aws-sdk/credential-providers README and set a region explicitly.");
      }
      return "us-east-1";
    }
  }, { ...Q4FG57VT/* NODE_REGION_CONFIG_FILE_OPTIONS */.zH, ...loaderConfig });
}
var warning = {
  silence: false
};

// node_modules/@aws-sdk/core/dist-es/submodules/client/region-config-resolver/extensions.js
var getAwsRegionExtensionConfiguration = (runtimeConfig) => {
  return {
    setRegion(region) {
      runtimeConfig.region = region;
    },
    region() {
      return runtimeConfig.region;
    }
  };
};
var resolveAwsRegionExtensionConfiguration = (awsRegionExtensionConfiguration) => {
  return {
    region: awsRegionExtensionConfiguration.region()
  };
};




/***/ }),

/***/ 9858:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __nccwpck_require__) => {

/* harmony export */ __nccwpck_require__.d(__webpack_exports__, {
/* harmony export */   pi: () => (/* binding */ ENV_SECRET),
/* harmony export */   sF: () => (/* binding */ fromEnv),
/* harmony export */   yG: () => (/* binding */ ENV_KEY)
/* harmony export */ });
/* unused harmony exports ENV_SESSION, ENV_EXPIRATION, ENV_CREDENTIAL_SCOPE, ENV_ACCOUNT_ID */
/* harmony import */ var _SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__ = __nccwpck_require__(6966);
/* harmony import */ var _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__ = __nccwpck_require__(7746);



// node_modules/@aws-sdk/credential-provider-env/dist-es/fromEnv.js
var ENV_KEY = "AWS_ACCESS_KEY_ID";
var ENV_SECRET = "AWS_SECRET_ACCESS_KEY";
var ENV_SESSION = "AWS_SESSION_TOKEN";
var ENV_EXPIRATION = "AWS_CREDENTIAL_EXPIRATION";
var ENV_CREDENTIAL_SCOPE = "AWS_CREDENTIAL_SCOPE";
var ENV_ACCOUNT_ID = "AWS_ACCOUNT_ID";
var fromEnv = (init) => async () => {
  init?.logger?.debug("@aws-sdk/credential-provider-env - fromEnv");
  const accessKeyId = process.env[ENV_KEY];
  const secretAccessKey = process.env[ENV_SECRET];
  const sessionToken = process.env[ENV_SESSION];
  const expiry = process.env[ENV_EXPIRATION];
  const credentialScope = process.env[ENV_CREDENTIAL_SCOPE];
  const accountId = process.env[ENV_ACCOUNT_ID];
  if (accessKeyId && secretAccessKey) {
    const credentials = {
      accessKeyId,
      secretAccessKey,
      ...sessionToken && { sessionToken },
      ...expiry && { expiration: new Date(expiry) },
      ...credentialScope && { credentialScope },
      ...accountId && { accountId }
    };
    (0,_SHMGWSW7_js__WEBPACK_IMPORTED_MODULE_0__/* .setCredentialFeature */ .gD)(credentials, "CREDENTIALS_ENV_VARS", "g");
    return credentials;
  }
  throw new _Q4FG57VT_js__WEBPACK_IMPORTED_MODULE_1__/* .CredentialsProviderError */ .C1("Unable to find environment variable credentials.", { logger: init?.logger });
};




/***/ })

/******/ });
/************************************************************************/
/******/ // The module cache
/******/ var __webpack_module_cache__ = {};
/******/ 
/******/ // The require function
/******/ function __nccwpck_require__(moduleId) {
/******/ 	// Check if module is in cache
/******/ 	var cachedModule = __webpack_module_cache__[moduleId];
/******/ 	if (cachedModule !== undefined) {
/******/ 		return cachedModule.exports;
/******/ 	}
/******/ 	// Create a new module (and put it into the cache)
/******/ 	var module = __webpack_module_cache__[moduleId] = {
/******/ 		// no module.id needed
/******/ 		// no module.loaded needed
/******/ 		exports: {}
/******/ 	};
/******/ 
/******/ 	// Execute the module function
/******/ 	var threw = true;
/******/ 	try {
/******/ 		__webpack_modules__[moduleId].call(module.exports, module, module.exports, __nccwpck_require__);
/******/ 		threw = false;
/******/ 	} finally {
/******/ 		if(threw) delete __webpack_module_cache__[moduleId];
/******/ 	}
/******/ 
/******/ 	// Return the exports of the module
/******/ 	return module.exports;
/******/ }
/******/ 
/******/ // expose the modules object (__webpack_modules__)
/******/ __nccwpck_require__.m = __webpack_modules__;
/******/ 
/************************************************************************/
/******/ /* webpack/runtime/asset-relocator-loader */
/******/ if (typeof __nccwpck_require__ !== 'undefined') __nccwpck_require__.ab = decodeURIComponent(new URL('.', import.meta.url).pathname).slice(import.meta.url.match(/^file:\/\/\/\w:/) ? 1 : 0, -1) + "/";
/******/ 
/******/ /* webpack/runtime/create fake namespace object */
/******/ (() => {
/******/ 	var getProto = Object.getPrototypeOf ? (obj) => (Object.getPrototypeOf(obj)) : (obj) => (obj.__proto__);
/******/ 	var leafPrototypes;
/******/ 	// create a fake namespace object
/******/ 	// mode & 1: value is a module id, require it
/******/ 	// mode & 2: merge all properties of value into the ns
/******/ 	// mode & 4: return value when already ns object
/******/ 	// mode & 16: return value when it's Promise-like
/******/ 	// mode & 8|1: behave like require
/******/ 	__nccwpck_require__.t = function(value, mode) {
/******/ 		if(mode & 1) value = this(value);
/******/ 		if(mode & 8) return value;
/******/ 		if(typeof value === 'object' && value) {
/******/ 			if((mode & 4) && value.__esModule) return value;
/******/ 			if((mode & 16) && typeof value.then === 'function') return value;
/******/ 		}
/******/ 		var ns = Object.create(null);
/******/ 		__nccwpck_require__.r(ns);
/******/ 		var def = {};
/******/ 		leafPrototypes = leafPrototypes || [null, getProto({}), getProto([]), getProto(getProto)];
/******/ 		for(var current = mode & 2 && value; typeof current == 'object' && !~leafPrototypes.indexOf(current); current = getProto(current)) {
/******/ 			Object.getOwnPropertyNames(current).forEach((key) => (def[key] = () => (value[key])));
/******/ 		}
/******/ 		def['default'] = () => (value);
/******/ 		__nccwpck_require__.d(ns, def);
/******/ 		return ns;
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/define property getters */
/******/ (() => {
/******/ 	// define getter functions for harmony exports
/******/ 	__nccwpck_require__.d = (exports, definition) => {
/******/ 		for(var key in definition) {
/******/ 			if(__nccwpck_require__.o(definition, key) && !__nccwpck_require__.o(exports, key)) {
/******/ 				Object.defineProperty(exports, key, { enumerable: true, get: definition[key] });
/******/ 			}
/******/ 		}
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/ensure chunk */
/******/ (() => {
/******/ 	__nccwpck_require__.f = {};
/******/ 	// This file contains only the entry chunk.
/******/ 	// The chunk loading function for additional chunks
/******/ 	__nccwpck_require__.e = (chunkId) => {
/******/ 		return Promise.all(Object.keys(__nccwpck_require__.f).reduce((promises, key) => {
/******/ 			__nccwpck_require__.f[key](chunkId, promises);
/******/ 			return promises;
/******/ 		}, []));
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/get javascript chunk filename */
/******/ (() => {
/******/ 	// This function allow to reference async chunks
/******/ 	__nccwpck_require__.u = (chunkId) => {
/******/ 		// return url for filenames based on template
/******/ 		return "" + chunkId + ".index.js";
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/hasOwnProperty shorthand */
/******/ (() => {
/******/ 	__nccwpck_require__.o = (obj, prop) => (Object.prototype.hasOwnProperty.call(obj, prop))
/******/ })();
/******/ 
/******/ /* webpack/runtime/make namespace object */
/******/ (() => {
/******/ 	// define __esModule on exports
/******/ 	__nccwpck_require__.r = (exports) => {
/******/ 		if(typeof Symbol !== 'undefined' && Symbol.toStringTag) {
/******/ 			Object.defineProperty(exports, Symbol.toStringTag, { value: 'Module' });
/******/ 		}
/******/ 		Object.defineProperty(exports, '__esModule', { value: true });
/******/ 	};
/******/ })();
/******/ 
/******/ /* webpack/runtime/import chunk loading */
/******/ (() => {
/******/ 	// no baseURI
/******/ 	
/******/ 	// object to store loaded and loading chunks
/******/ 	// undefined = chunk not loaded, null = chunk preloaded/prefetched
/******/ 	// [resolve, Promise] = chunk loading, 0 = chunk loaded
/******/ 	var installedChunks = {
/******/ 		792: 0
/******/ 	};
/******/ 	
/******/ 	var installChunk = (data) => {
/******/ 		var {ids, modules, runtime} = data;
/******/ 		// add "modules" to the modules object,
/******/ 		// then flag all "ids" as loaded and fire callback
/******/ 		var moduleId, chunkId, i = 0;
/******/ 		for(moduleId in modules) {
/******/ 			if(__nccwpck_require__.o(modules, moduleId)) {
/******/ 				__nccwpck_require__.m[moduleId] = modules[moduleId];
/******/ 			}
/******/ 		}
/******/ 		if(runtime) runtime(__nccwpck_require__);
/******/ 		for(;i < ids.length; i++) {
/******/ 			chunkId = ids[i];
/******/ 			if(__nccwpck_require__.o(installedChunks, chunkId) && installedChunks[chunkId]) {
/******/ 				installedChunks[chunkId][0]();
/******/ 			}
/******/ 			installedChunks[ids[i]] = 0;
/******/ 		}
/******/ 	
/******/ 	}
/******/ 	
/******/ 	__nccwpck_require__.f.j = (chunkId, promises) => {
/******/ 			// import() chunk loading for javascript
/******/ 			var installedChunkData = __nccwpck_require__.o(installedChunks, chunkId) ? installedChunks[chunkId] : undefined;
/******/ 			if(installedChunkData !== 0) { // 0 means "already installed".
/******/ 	
/******/ 				// a Promise means "currently loading".
/******/ 				if(installedChunkData) {
/******/ 					promises.push(installedChunkData[1]);
/******/ 				} else {
/******/ 					if(true) { // all chunks have JS
/******/ 						// setup Promise in chunk cache
/******/ 						var promise = import("./" + __nccwpck_require__.u(chunkId)).then(installChunk, (e) => {
/******/ 							if(installedChunks[chunkId] !== 0) installedChunks[chunkId] = undefined;
/******/ 							throw e;
/******/ 						});
/******/ 						var promise = Promise.race([promise, new Promise((resolve) => (installedChunkData = installedChunks[chunkId] = [resolve]))])
/******/ 						promises.push(installedChunkData[1] = promise);
/******/ 					}
/******/ 				}
/******/ 			}
/******/ 	};
/******/ 	
/******/ 	// no prefetching
/******/ 	
/******/ 	// no preloaded
/******/ 	
/******/ 	// no external install chunk
/******/ 	
/******/ 	// no on chunks loaded
/******/ })();
/******/ 
/************************************************************************/
var __webpack_exports__ = {};

// EXTERNAL MODULE: ./lib/bundle/IR5HTW56.js
var IR5HTW56 = __nccwpck_require__(994);
// EXTERNAL MODULE: ./lib/bundle/CPBUXW7X.js
var CPBUXW7X = __nccwpck_require__(1654);
// EXTERNAL MODULE: ./lib/bundle/MHPL2HJH.js + 1 modules
var MHPL2HJH = __nccwpck_require__(8746);
// EXTERNAL MODULE: ./lib/bundle/HV2BTQ4E.js
var HV2BTQ4E = __nccwpck_require__(1172);
// EXTERNAL MODULE: ./lib/bundle/WQFOKZCK.js
var WQFOKZCK = __nccwpck_require__(9858);
// EXTERNAL MODULE: ./lib/bundle/BWTDZD6W.js
var BWTDZD6W = __nccwpck_require__(620);
// EXTERNAL MODULE: ./lib/bundle/BZH4IQL2.js
var BZH4IQL2 = __nccwpck_require__(1222);
// EXTERNAL MODULE: ./lib/bundle/5SVCTDFX.js
var _5SVCTDFX = __nccwpck_require__(7603);
// EXTERNAL MODULE: ./lib/bundle/SHMGWSW7.js + 1 modules
var SHMGWSW7 = __nccwpck_require__(6966);
// EXTERNAL MODULE: ./lib/bundle/Q4FG57VT.js
var Q4FG57VT = __nccwpck_require__(7746);
// EXTERNAL MODULE: ./lib/bundle/J6MMM3TS.js
var J6MMM3TS = __nccwpck_require__(3981);
// EXTERNAL MODULE: ./lib/bundle/OSTOOVYD.js
var OSTOOVYD = __nccwpck_require__(457);
// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __nccwpck_require__(7067);
// EXTERNAL MODULE: external "node:https"
var external_node_https_ = __nccwpck_require__(4708);
// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __nccwpck_require__(7030);
// EXTERNAL MODULE: external "node:tls"
var external_node_tls_ = __nccwpck_require__(1692);
;// CONCATENATED MODULE: ./node_modules/@actions/http-client/lib/proxy.js
function getProxyUrl(reqUrl) {
    const usingSsl = reqUrl.protocol === 'https:';
    if (checkBypass(reqUrl)) {
        return undefined;
    }
    const proxyVar = (() => {
        if (usingSsl) {
            return process.env['https_proxy'] || process.env['HTTPS_PROXY'];
        }
        else {
            return process.env['http_proxy'] || process.env['HTTP_PROXY'];
        }
    })();
    if (proxyVar) {
        try {
            return new DecodedURL(proxyVar);
        }
        catch (_a) {
            if (!proxyVar.startsWith('http://') && !proxyVar.startsWith('https://'))
                return new DecodedURL(`http://${proxyVar}`);
        }
    }
    else {
        return undefined;
    }
}
function checkBypass(reqUrl) {
    if (!reqUrl.hostname) {
        return false;
    }
    const reqHost = reqUrl.hostname;
    if (isLoopbackAddress(reqHost)) {
        return true;
    }
    const noProxy = process.env['no_proxy'] || process.env['NO_PROXY'] || '';
    if (!noProxy) {
        return false;
    }
    // Determine the request port
    let reqPort;
    if (reqUrl.port) {
        reqPort = Number(reqUrl.port);
    }
    else if (reqUrl.protocol === 'http:') {
        reqPort = 80;
    }
    else if (reqUrl.protocol === 'https:') {
        reqPort = 443;
    }
    // Format the request hostname and hostname with port
    const upperReqHosts = [reqUrl.hostname.toUpperCase()];
    if (typeof reqPort === 'number') {
        upperReqHosts.push(`${upperReqHosts[0]}:${reqPort}`);
    }
    // Compare request host against noproxy
    for (const upperNoProxyItem of noProxy
        .split(',')
        .map(x => x.trim().toUpperCase())
        .filter(x => x)) {
        if (upperNoProxyItem === '*' ||
            upperReqHosts.some(x => x === upperNoProxyItem ||
                x.endsWith(`.${upperNoProxyItem}`) ||
                (upperNoProxyItem.startsWith('.') &&
                    x.endsWith(`${upperNoProxyItem}`)))) {
            return true;
        }
    }
    return false;
}
function isLoopbackAddress(host) {
    const hostLower = host.toLowerCase();
    return (hostLower === 'localhost' ||
        hostLower.startsWith('127.') ||
        hostLower.startsWith('[::1]') ||
        hostLower.startsWith('[0:0:0:0:0:0:0:1]'));
}
class DecodedURL extends URL {
    constructor(url, base) {
        super(url, base);
        this._decodedUsername = decodeURIComponent(super.username);
        this._decodedPassword = decodeURIComponent(super.password);
    }
    get username() {
        return this._decodedUsername;
    }
    get password() {
        return this._decodedPassword;
    }
}
//# sourceMappingURL=proxy.js.map
// EXTERNAL MODULE: ./node_modules/hpagent/index.js
var hpagent = __nccwpck_require__(9629);
;// CONCATENATED MODULE: ./node_modules/hpagent/index.mjs


/* harmony default export */ const node_modules_hpagent = ((/* unused pure expression or super */ null && (mod)));
const HttpProxyAgent = hpagent.HttpProxyAgent
const HttpsProxyAgent = hpagent.HttpsProxyAgent

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __nccwpck_require__(1455);
;// CONCATENATED MODULE: external "node:stream/consumers"
const consumers_namespaceObject = __WEBPACK_EXTERNAL_createRequire(import.meta.url)("node:stream/consumers");
// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __nccwpck_require__(7598);
;// CONCATENATED MODULE: ./lib/bundle/index.js













// lib/src/definition/production.js
var productionNames = ["prod", "production"];
var productionParts = ["prod", "production", "prd", "live"];
var cancellingParts = ["non", "not", "no", "pre"];
function decideProduction(name2, { listed, input }) {
  const isAmong = (names) => names.some((each) => (0,MHPL2HJH/* isSameEnvironment */.gj)(each, name2));
  if (isAmong(listed))
    return isProduction("production-environments lists it");
  if (input === "auto" || isProductionByRule(name2))
    return decideByName(name2);
  if (input === "true")
    return isProduction("production is true");
  return { production: false, rule: "not production, because production is false" };
}
function isProductionByRule(name2) {
  return productionNames.some((each) => (0,MHPL2HJH/* isSameEnvironment */.gj)(each, name2));
}
function decideByName(name2) {
  const parts = partsOf(name2);
  const matches = parts.map((part, index) => ({ part, before: parts[index - 1] ?? "" })).filter(({ part }) => productionParts.includes(part.toLowerCase()));
  const deciding = matches.find(({ before }) => !cancellingParts.includes(before.toLowerCase()));
  if (deciding !== void 0)
    return isProduction(`its name has the part "${deciding.part}"`);
  const [cancelled] = matches;
  const reason = cancelled === void 0 ? "no part of its name is prod, production, prd or live" : `in its name "${cancelled.before}" comes before "${cancelled.part}"`;
  return { production: false, rule: `not production: ${reason}` };
}
function partsOf(name2) {
  return name2.split(/[-_./:\p{Z}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})/u).filter((part) => part !== "");
}
function isProduction(reason) {
  return { production: true, rule: `production, because ${reason}` };
}

// lib/src/table/response.js
function explainUnreadable(operation, resource, cause, service = "DynamoDB") {
  if (cause instanceof MHPL2HJH/* RemedyError */.By)
    return cause;
  return new MHPL2HJH/* RemedyError */.By(`The answer of ${service} to ${operation} on "${resource}" cannot be read.`, `Check the endpoints in AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_${service.toUpperCase()}.`, { cause });
}
function parseValue(name2, schema, value) {
  const result = (0,MHPL2HJH/* safeParse */.xL)(schema, value);
  if (result.success)
    return result.output;
  const problems = result.issues.map((issue) => [(0,MHPL2HJH/* getDotPath */.Bu)(issue), issue.message].filter(Boolean).join(": "));
  throw new TypeError(`${name2}: ${problems.join("; ")}`);
}

// lib/src/table/unmanaged.js
function readUnmanaged(replicas) {
  return replicas.filter(({ status: status2 }) => status2 !== "DELETING").map(({ region }) => ({ path: "replica", value: region }));
}

// lib/src/table/described-table.js
function readDescription({ name: name2, arn }, answer) {
  try {
    parseValue("Table", tableSchema(arn), answer.Table);
    return describe(answer.Table ?? {}, arn);
  } catch (cause) {
    throw explainUnreadable("DescribeTable", name2, cause);
  }
}
var bundle_status = (0,MHPL2HJH/* pipe */.Fs)((0,MHPL2HJH/* string */.Yj)(), (0,MHPL2HJH/* minLength */.Bp)(1));
function tableSchema(arn) {
  return (0,MHPL2HJH/* object */.Ik)({
    TableStatus: bundle_status,
    TableArn: (0,MHPL2HJH/* literal */.eu)(arn),
    TableId: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* string */.Yj)()),
    CreationDateTime: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* date */.p6)()),
    LatestStreamArn: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* pipe */.Fs)((0,MHPL2HJH/* string */.Yj)(), (0,MHPL2HJH/* startsWith */.w1)(`${arn}/stream/`))),
    StreamSpecification: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* object */.Ik)({ StreamViewType: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* string */.Yj)()) })),
    TableClassSummary: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* object */.Ik)({ TableClass: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* string */.Yj)()) })),
    SSEDescription: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* object */.Ik)({ KMSMasterKeyArn: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* string */.Yj)()) })),
    Replicas: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* array */.YO)((0,MHPL2HJH/* object */.Ik)({ RegionName: (0,MHPL2HJH/* string */.Yj)(), ReplicaStatus: bundle_status })))
  });
}
function describe(table2, arn) {
  const { TableId: id, TableStatus: tableStatus = "", CreationDateTime, StreamSpecification, LatestStreamArn } = table2;
  const description2 = {
    tableStatus,
    arn,
    ...id ? { id } : {},
    changesInProgress: findChangesInProgress(table2)
  };
  if (tableStatus === "CREATING" || tableStatus === "UPDATING")
    return { ...description2, phase: "changing" };
  if (tableStatus !== "ACTIVE")
    return { ...description2, phase: "unavailable" };
  const replicas = readReplicas(table2, arn);
  return {
    ...description2,
    phase: "settled",
    ...CreationDateTime === void 0 ? {} : { createdAt: CreationDateTime.getTime() },
    // The ARN of a disabled stream stays in the answer.
    ...StreamSpecification?.StreamEnabled && LatestStreamArn ? { streamArn: LatestStreamArn } : {},
    described: Object.fromEntries(MHPL2HJH/* properties */.qo.flatMap(({ name: name2, reading, schema }) => reading.kind === "described" ? [[name2, parseValue(name2, schema, reading.of(table2))]] : [])),
    replicas,
    unmanaged: readUnmanaged(replicas)
  };
}
function readReplicas(table2, arn) {
  const [, , , ownRegion] = arn.split(":");
  const replicas = (table2.Replicas ?? []).map(({ RegionName: region = "", ReplicaStatus = "" }) => ({ region, status: ReplicaStatus })).filter(({ region }) => region !== ownRegion);
  return (0,MHPL2HJH/* sortBy */.Ul)(replicas, ({ region }) => region);
}
var transientStatuses = /* @__PURE__ */ new Set(["CREATING", "UPDATING", "DELETING", "ENABLING", "DISABLING"]);
function isTransient(status2) {
  return transientStatuses.has(status2);
}
function findChangesInProgress(table2) {
  const parts = [
    ...(table2.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName: name2, IndexStatus, WarmThroughput }) => [
      { part: "index", name: name2, status: IndexStatus },
      { part: "warm throughput", name: name2, status: WarmThroughput?.Status }
    ]),
    ...(table2.Replicas ?? []).map(({ RegionName: name2, ReplicaStatus: status2 }) => ({ part: "replica", name: name2, status: status2 })),
    { part: "encryption", name: void 0, status: table2.SSEDescription?.Status },
    { part: "warm throughput", name: void 0, status: table2.WarmThroughput?.Status }
  ];
  return parts.flatMap(({ part, name: name2, status: status2 }) => status2 !== void 0 && isTransient(status2) ? [{ part, ...name2 === void 0 ? {} : { name: name2 }, status: status2 }] : []);
}
function describeStatus({ tableStatus, changesInProgress }) {
  const parts = changesInProgress.map(({ part, name: name2, status: status2 }) => [part, name2, status2].filter(Boolean).join(" "));
  return [tableStatus, ...parts].join(", ");
}

// lib/src/plan/replicas.js
function refuseReplicated({ region }, table2, { replicas }) {
  const staying = replicas.filter(({ status: status2 }) => status2 !== "DELETING");
  const [first] = staying;
  if (first === void 0)
    return [];
  return [
    {
      table: table2,
      code: "destroy-of-replicated",
      reason: `The table "${table2}" has replicas that would stay when it is deleted: ${staying.map(({ region: where, status: status2 }) => `${where} (${status2})`).join(", ")}.`,
      remedy: `Delete the replicas first, one at a time, and run again when they are gone: ${deletionOf(first, table2, region)}`
    }
  ];
}
function warnOfReplicas({ region }, table2, { replicas }) {
  return replicas.filter(({ status: status2 }) => status2 !== "ACTIVE" && !isTransient(status2)).map((replica) => ({
    table: table2,
    level: "warning",
    code: "replica-unavailable",
    message: `The replica of "${table2}" in ${replica.region} is ${replica.status}, a state that does not end by itself. ${adviceFor(replica, table2, region)}`
  }));
}
function adviceFor(replica, table2, region) {
  switch (replica.status) {
    case "CREATION_FAILED":
      return `DynamoDB could not create it. Delete it, then add it again: ${deletionOf(replica, table2, region)}`;
    case "REGION_DISABLED":
      return `Enable the region ${replica.region} in the account again. After 20 hours DynamoDB takes the replica out of the global table, and no longer replicates to it.`;
    default:
      return "Check the replica in the AWS console.";
  }
}
function deletionOf(replica, table2, region) {
  return `aws dynamodb update-table --table-name ${table2} --region ${region} --replica-updates "Delete={RegionName=${replica.region}}"`;
}

// lib/src/plan/destroy.js
function refuseProduction({ environment }) {
  if (!environment.production)
    return [];
  const { name: name2 } = environment;
  const remedyForName = isProductionByRule(name2) ? "" : ` If "${name2}" is not production, set production: false, and take the name out of production-environments.`;
  return [
    {
      code: "destroy-in-production",
      reason: `"${name2}" is a production environment, whose tables are never deleted by this action.`,
      remedy: `Check the input environment. Tables of production are deleted by hand, or not at all.${remedyForName}`
    }
  ];
}
function planDestruction(target, definition, observed) {
  const table2 = definition.name;
  switch (observed.status) {
    case "absent":
      return {};
    case "unavailable":
      return observed.tableStatus === "DELETING" ? { notices: [beingDeleted(table2)] } : { refusals: [refuseUnknownOwner(table2, observed.tableStatus)] };
    case "ready": {
      const refusals = refuseReady(target, definition, observed);
      if (refusals.length > 0)
        return { refusals };
      return { steps: [{ kind: "delete", table: table2 }], notices: noticesFor(table2, observed) };
    }
  }
}
function refuseReady(target, definition, observed) {
  const foreign = refuseForeign(target, definition, observed);
  if (foreign !== void 0)
    return [foreign];
  return [...refuseProtected(definition.name, observed), ...refuseReplicated(target, definition.name, observed)];
}
function refuseForeign({ environment }, { name: table2, properties: { KeySchema: definedKeys } }, { properties: { KeySchema: keys, Tags: tags2 } }) {
  if ((0,MHPL2HJH/* isOfOtherEnvironment */.l$)(tags2, environment.name)) {
    return {
      table: table2,
      code: "destroy-of-other-environment",
      reason: (0,MHPL2HJH/* describeOtherEnvironment */.Lq)(table2, tags2, environment.name),
      remedy: "Check environment, table-name-prefix, and that the role leads to the right account."
    };
  }
  if ((0,MHPL2HJH/* tagValue */.EZ)(tags2, MHPL2HJH/* environmentTag */.ab) === void 0 || !(0,MHPL2HJH/* isManaged */.yF)(tags2)) {
    return {
      table: table2,
      code: "destroy-of-untagged",
      reason: `The table "${table2}" does not carry both tags, ${MHPL2HJH/* environmentTag */.ab} and ${MHPL2HJH/* managedByTag */.B2}, so this action neither created nor adopted it, or its tags were removed.`,
      remedy: `If it belongs to "${environment.name}", run command: apply first, which tags it${(0,MHPL2HJH/* isManaged */.yF)(tags2) ? "" : ", with this line in allow: adopt-table"}. Else choose another table-name-prefix, or delete the table by hand.`
    };
  }
  if ((0,MHPL2HJH/* describeKeys */.mC)(definedKeys) !== (0,MHPL2HJH/* describeKeys */.mC)(keys)) {
    return {
      table: table2,
      code: "destroy-of-other-key",
      reason: `The table "${table2}" has the key ${(0,MHPL2HJH/* describeKeys */.mC)(keys)}, but its definition has ${(0,MHPL2HJH/* describeKeys */.mC)(definedKeys)}: it is not the defined table.`,
      remedy: "Check table-name-prefix; or delete the table by hand."
    };
  }
  return void 0;
}
function refuseProtected(table2, { properties: properties2 }) {
  if (!properties2.DeletionProtectionEnabled)
    return [];
  return [
    {
      table: table2,
      code: "destroy-of-protected",
      reason: `The table "${table2}" has deletion protection on.`,
      remedy: "To delete it, turn its protection off first: run command: apply with DeletionProtectionEnabled: false in the definition file, or without a file with the input deletion-protection: false, and with this line in allow: remove-deletion-protection"
    }
  ];
}
function noticesFor(table2, { properties: properties2 }) {
  const recovery = properties2.PointInTimeRecoverySpecification;
  if (!recovery?.PointInTimeRecoveryEnabled)
    return [];
  return [
    {
      table: table2,
      level: "notice",
      code: "system-backup-stays",
      message: `Point-in-time recovery of "${table2}" is ${(0,MHPL2HJH/* describeRecovery */.xX)(recovery)}, so AWS keeps a system backup of it for 35 days after the deletion. The table can be restored from that backup.`
    }
  ];
}
function beingDeleted(table2) {
  return { table: table2, level: "notice", code: "being-deleted", message: `The table "${table2}" is being deleted already.` };
}
function refuseUnknownOwner(table2, tableStatus) {
  return {
    table: table2,
    code: "table-unavailable",
    reason: `The table "${table2}" is ${tableStatus}, so its tags cannot show who owns it.`,
    remedy: "Bring it back to ACTIVE and run again, or delete it by hand."
  };
}

// lib/src/plan/rounds.js
function isProtective(step) {
  return step.kind === "update" && (0,MHPL2HJH/* propertyNamed */.vJ)(step.property).protection?.isOn(step.to) === true;
}
function roundsOf(steps) {
  const created = new Set(steps.filter(({ kind }) => kind === "create").map(({ table: table2 }) => table2));
  const roundOf = (step) => {
    if (created.has(step.table))
      return 1;
    return isProtective(step) ? 0 : 2;
  };
  return [0, 1, 2].map((round) => steps.filter((step) => roundOf(step) === round));
}
function inOrder(steps) {
  const positionOf = (step) => {
    if (step.kind !== "update")
      return -1;
    const { protection } = (0,MHPL2HJH/* propertyNamed */.vJ)(step.property);
    const position = MHPL2HJH/* properties */.qo.findIndex(({ name: name2 }) => name2 === step.property);
    if (protection === void 0)
      return MHPL2HJH/* properties */.qo.length + position;
    return protection.isOn(step.to) ? position : 3 * MHPL2HJH/* properties */.qo.length - position;
  };
  return steps.toSorted((left, right) => positionOf(left) - positionOf(right));
}

// lib/src/plan/planner.js
function planTables(target, definitions, observed, policy, planned) {
  const isPlanned = planned === void 0 ? () => true : (0,CPBUXW7X/* isOneOf */.EK)(planned);
  const tables = definitions.map((definition) => {
    const found = observed.get(definition.name) ?? { status: "absent" };
    const table2 = describePlanned(target, definition, found);
    return { ...nothing, table: table2, ...planTable(target, definition, found, policy, isPlanned) };
  });
  const refusals = [
    ...policy.destroy ? refuseProduction(target) : [],
    ...tables.flatMap((tablePlan) => tablePlan.refusals)
  ];
  const needed = tables.flatMap(({ lines }) => lines);
  return {
    target,
    policy,
    tables: tables.map(({ table: table2 }) => table2),
    steps: roundsOf(tables.flatMap(({ steps }) => steps)).flat(),
    refusals,
    notices: [
      ...tables.flatMap(({ notices }) => notices),
      // While a table is refused, it is not known which lines it needs.
      ...refusals.length > 0 ? [] : (0,CPBUXW7X/* noticeUnneededLines */.oK)(policy, needed)
    ]
  };
}
var nothing = { steps: [], refusals: [], notices: [], lines: [] };
function planTable(target, definition, observed, policy, isPlanned) {
  if (policy.destroy)
    return planDestruction(target, definition, observed);
  switch (observed.status) {
    case "absent":
      return planCreation(target, definition, policy);
    case "unavailable":
      return { refusals: [refuseUnavailable(definition.name, observed.tableStatus)] };
    case "ready":
      return planUpdate(target, definition, observed, policy, isPlanned);
  }
}
function planCreation(target, definition, policy) {
  const { name: table2, properties: declared } = definition;
  const created = MHPL2HJH/* properties */.qo.flatMap(({ name: name2, creation: creation2 }) => {
    if (creation2.kind !== "in-create-table")
      return [];
    const value = declared[name2] ?? creation2.otherwise;
    return value === void 0 ? [] : [[name2, value]];
  });
  const to = Object.fromEntries(created);
  const later = (0,CPBUXW7X/* propertyValues */.uX)(declared).flatMap(({ property, value }) => {
    if (property.creation.kind !== "after-creation")
      return [];
    const changes = property.changes(property.creation.initial, value, { table: table2, declared, observed: to });
    return changes.flatMap((change) => change.kind === "impossible" ? [] : [toStep(property, table2, change)]);
  });
  const steps = inOrder([{ kind: "create", table: table2, to }, ...later]);
  return { steps, ...(0,CPBUXW7X/* requireProtection */.BB)(target, definition, void 0, policy) };
}
function planUpdate(target, definition, observed, policy, isPlanned) {
  const { name: table2, properties: declared } = definition;
  const { properties: values, replicas } = observed;
  const comparison = { table: table2, declared, observed: values, replicas };
  const differences = (0,CPBUXW7X/* propertyValues */.uX)(declared).flatMap(({ property, value }) => {
    const from = values[property.name];
    if (from === void 0)
      throw new TypeError(`${property.name} of "${table2}" was not read`);
    return property.changes(from, value, comparison).map((change) => change.kind === "impossible" ? change : { ...change, step: toStep(property, table2, change) });
  });
  const impossible = differences.filter((each) => each.kind === "impossible");
  const changes = differences.filter((each) => each.kind === "update").filter(({ isOptional, step }) => !isOptional || (0,CPBUXW7X/* isAllowed */.Jr)(step, policy) && isPlanned(step));
  const needed = inOrder(changes.map(({ step }) => step));
  const inWords = needed.flatMap(CPBUXW7X/* settingChanges */.eC).map(CPBUXW7X/* describeSettingChange */.kZ);
  const disruptive = needed.flatMap((step) => (0,CPBUXW7X/* refuseStep */.LK)(step, policy, { target, comparison, changes: inWords }));
  const ownership = disruptive.filter(({ code: code2 }) => code2 === "change-environment" || code2 === "adopt-table" && impossible.length === 0);
  if (impossible.length + ownership.length > 0) {
    const refusals = impossible.map(({ reason, remedy }) => ({ table: table2, code: "impossible-change", reason, remedy }));
    return { refusals: [...refusals, ...ownership] };
  }
  const unprotected = (0,CPBUXW7X/* requireProtection */.BB)(target, definition, observed, policy);
  const withheld = needed.filter((step) => !(0,CPBUXW7X/* isAllowed */.Jr)(step, policy)).map(CPBUXW7X/* nameStep */.gP);
  const steps = needed.filter((step) => !withheld.includes((0,CPBUXW7X/* nameStep */.gP)(step)));
  return {
    steps,
    refusals: [...disruptive, ...unprotected.refusals],
    notices: noticesFor2(target, definition, observed, changes.flatMap(({ step, warning }) => warning !== void 0 && (0,CPBUXW7X/* isAllowed */.Jr)(step, policy) ? [warning] : [])),
    lines: [...steps.flatMap(CPBUXW7X/* linesNeededBy */.AH), ...unprotected.lines]
  };
}
function toStep({ name: property }, table2, { kind, from, to, risk }) {
  return { kind, table: table2, property, from, to, risk };
}
function refuseUnavailable(table2, tableStatus) {
  const refuse = (remedy, why = "") => ({
    table: table2,
    code: "table-unavailable",
    reason: `The table "${table2}" is ${tableStatus}.${why}`,
    remedy
  });
  switch (tableStatus) {
    case "DELETING":
      return refuse("Wait until it is deleted, then run again: the run creates the table, without the items of the old one.");
    case "ARCHIVING":
    case "ARCHIVED":
      return refuse("Restore the backup that DynamoDB made of it under another name, or delete it by hand, then run again.", " DynamoDB archives a table whose encryption key could not be used for seven days.");
    case "INACCESSIBLE_ENCRYPTION_CREDENTIALS":
      return refuse("Enable the KMS key and the table's grant on it again, then run again.", " DynamoDB cannot use the table's KMS key.");
    case "REPLICATION_NOT_AUTHORIZED":
      return refuse("Give the replication role of the global table its permissions back, then run again.");
    default:
      return refuse("Bring it back to ACTIVE, then run again.");
  }
}
function noticesFor2(target, { name: table2, properties: declared }, observed, consequences) {
  const notice = (code2, message) => ({ table: table2, level: "notice", code: code2, message });
  const kept = (0,CPBUXW7X/* propertyValues */.uX)(observed.properties).filter(({ property: { name: name2, protection }, value }) => declared[name2] === void 0 && protection?.isOn(value));
  return [
    ...warnOfReplicas(target, table2, observed),
    ...(0,MHPL2HJH/* declaredBuilds */.UA)(declared, observed.changesInProgress).map((index) => notice("index-building", `The index "${index}" of "${table2}" is being built, and counts as present. An apply waits until it is built, unless wait-for-indexes is false.`)),
    ...(0,MHPL2HJH/* isManaged */.yF)(observed.properties.Tags) ? [] : [notice("adopted", `The table "${table2}" exists and its key matches: it is adopted, with its items.`)],
    ...kept.map(({ property, value }) => {
      const settings = property.settings(value).map((setting) => `${setting.name}: ${setting.value}`);
      return notice("protection-kept", `The table "${table2}" has ${settings.join(", ")}. The environment does not ask for it, so it stays as it is.`);
    }),
    ...consequences.map((message) => ({ table: table2, level: "warning", code: "consequence", message }))
  ];
}
function describePlanned(target, definition, observed) {
  const { logicalName, name: name2, properties: declared } = definition;
  if (observed.status !== "ready") {
    return { logicalName, name: name2, arn: (0,MHPL2HJH/* tableArn */.cU)(target, name2), status: observed.status, unmanaged: [] };
  }
  const { arn, id, streamArn, status: status2, unmanaged } = observed;
  const undeclared = (0,CPBUXW7X/* propertyValues */.uX)(observed.properties).flatMap(({ property, value }) => property.unmanaged?.(value, declared[property.name]) ?? []);
  return {
    logicalName,
    name: name2,
    arn,
    ...id === void 0 ? {} : { id },
    ...streamArn === void 0 ? {} : { streamArn },
    status: status2,
    unmanaged: [...unmanaged, ...undeclared]
  };
}

// lib/src/apply/poll.js
var progressEverySeconds = 15;
async function poll(polling, { clock, log, stop }, probe) {
  const { goal, usual, firstPoll, interval = 0.45, timeout, explainTimeout, remedy } = polling;
  const start2 = clock.now();
  const elapsed = () => (clock.now() - start2) / 1e3;
  const inWords = usual === void 0 ? goal : `${goal}, which usually takes ${usual}`;
  const sleep = (seconds, status2) => clock.sleep(seconds * 1e3, stop).catch((reason) => {
    throw (0,MHPL2HJH/* stoppedBy */.$)(reason, status2 === void 0 ? inWords : `${inWords}; it is ${status2}`, { remedy });
  });
  let nextProgress = progressEverySeconds;
  if (firstPoll > 0)
    await sleep(firstPoll);
  for (; ; ) {
    const begun = elapsed();
    const result = await probe();
    if ("done" in result)
      return result.done;
    if (begun >= timeout)
      throw explainTimeout(result.status);
    if (elapsed() >= nextProgress) {
      nextProgress = elapsed() + progressEverySeconds;
      log.info(`Waiting for ${inWords}: ${Math.round(elapsed())} s so far; it is ${result.status}`);
    }
    await sleep(pollInterval(elapsed(), interval, clock.random()), result.status);
  }
}
function pollInterval(elapsed, interval, random) {
  const grown = elapsed < 300 ? Math.min(2.5, elapsed / 25) : 12;
  return Math.max(interval, elapsed < 20 ? 0 : grown) * (0.7 + 0.6 * random);
}

// lib/src/apply/observe.js
async function observeTables(dynamoDb, target, definitions, run) {
  const observations = await Promise.all(definitions.map(async (definition) => ({
    name: definition.name,
    ...await observeTable(dynamoDb, target, definition, run)
  })));
  return {
    observed: new Map(observations.map(({ name: name2, observed }) => [name2, observed])),
    readAt: Math.min(...observations.map(({ readAt }) => readAt))
  };
}
var youthMilliseconds = 6e4;
var mostTagLagMilliseconds = 1e4;
async function observeTable(dynamoDb, target, { name: name2, properties: declared }, run) {
  const address = (0,MHPL2HJH/* addressOf */.ci)(target, name2);
  let isChanging = false;
  let tagsMissingSince;
  return await poll({
    goal: `the table "${name2}" to be ready, with no change in progress`,
    usual: "seconds, and up to 3 minutes for a billing mode",
    firstPoll: 0,
    interval: 1,
    timeout: MHPL2HJH/* longestRunSeconds */.bs,
    explainTimeout: (status2) => new MHPL2HJH/* RemedyError */.By(`The table "${name2}" is ${status2}.`, "Run again when the change is complete.")
  }, run, async () => {
    if (isChanging) {
      const described = await describeTable(dynamoDb, address);
      if (described !== void 0 && isUnsettled(described, declared))
        return { status: describeStatus(described) };
    }
    const readAt = run.clock.now();
    const table2 = await readTable(dynamoDb, address, declared);
    isChanging = table2.status === "changing";
    if (table2.status === "changing") {
      run.log.info(`${name2}: a change is in progress; waiting until it is complete`);
      return { status: table2.progress };
    }
    if (table2.status === "young")
      return { status: "so new that its tags or backups cannot be read yet" };
    if (table2.status !== "ready" || table2.properties.Tags.length > 0)
      return { done: { observed: table2, readAt } };
    const now = run.clock.now();
    tagsMissingSince ??= now;
    const isSettled = now - tagsMissingSince >= mostTagLagMilliseconds || !isYoung(table2, tagsMissingSince);
    return isSettled ? { done: { observed: table2, readAt } } : { status: "less than a minute old and without tags" };
  });
}
function isYoung({ createdAt }, now) {
  return createdAt !== void 0 && now - createdAt < youthMilliseconds;
}
async function readTable(dynamoDb, address, declared) {
  const asked = askedProperties(declared);
  const [described, ...values] = await Promise.all([
    describeTable(dynamoDb, address),
    ...asked.map((property) => askProperty(dynamoDb, address, property))
  ]);
  if (described === void 0)
    return { status: "absent" };
  if (isUnsettled(described, declared))
    return { status: "changing", progress: describeStatus(described) };
  if (described.phase !== "settled") {
    const { tableStatus, id } = described;
    return { status: "unavailable", tableStatus, ...id === void 0 ? {} : { id } };
  }
  const read = new Map(asked.map(({ name: name2 }, index) => [name2, values[index]]));
  if (isEmpty(read.get("Tags")))
    read.set("Tags", await askProperty(dynamoDb, address, MHPL2HJH/* tags */._A));
  if ([...read.values()].includes(void 0))
    return { status: "young" };
  const { tableStatus: _, phase: __, described: fields, ...table2 } = described;
  return {
    status: "ready",
    ...table2,
    properties: { ...fields, ...Object.fromEntries(read) }
  };
}
function isUnsettled({ phase, changesInProgress }, declared) {
  const awaited = (0,CPBUXW7X/* propertyValues */.uX)(declared).map(({ property }) => property.settlesWith);
  const mayBeOld = ({ part, status: status2 }) => awaited.includes(part) || // An index shows its old throughput for the 2 to 6 s of a change. One that is CREATING shows its own already.
  part === "index" && status2 === "UPDATING" && declared.GlobalSecondaryIndexes !== void 0;
  return phase === "changing" || phase === "settled" && changesInProgress.some(mayBeOld);
}
function isEmpty(value) {
  return Array.isArray(value) && value.length === 0;
}
function askedProperties(declared) {
  return MHPL2HJH/* properties */.qo.filter(({ name: name2, reading }) => reading.kind === "asked" && (reading.when === "always" || declared[name2] !== void 0));
}
function countReads(definitions) {
  return definitions.reduce((sum, { properties: declared }) => sum + 1 + askedProperties(declared).length, 0);
}
async function askProperty(dynamoDb, address, { name: name2, reading, schema, actions }) {
  if (reading.kind !== "asked")
    return void 0;
  const [operation = ""] = actions.read.map((action) => action.replace("dynamodb:", ""));
  try {
    const value = await reading.ask(dynamoDb.ask, address);
    return value === void 0 ? void 0 : parseValue(name2, schema, value);
  } catch (cause) {
    throw explainUnreadable(operation, address.name, cause);
  }
}
async function describeTable(dynamoDb, address) {
  const answer = await dynamoDb.ask("DescribeTable", { TableName: address.name });
  return answer === void 0 ? void 0 : readDescription(address, answer);
}

// lib/src/aws/denials.js
var iamDelay = "A change in IAM takes up to a minute to arrive.";
var askTheOrganization = "Ask the administrators of the AWS organization: this policy applies to whole accounts.";
var remedies = {
  "identity-based policy": "Narrow the Deny statement in the caller's policies, or remove it.",
  "resource-based policy": "Change the policy of the resource that AWS names below: of a table, of a KMS key, or the trust policy of a role.",
  "role trust policy": "Change the trust policy of the role to assume.",
  "service control policy": askTheOrganization,
  "resource control policy": askTheOrganization,
  "permissions boundary": "Change the permissions boundary of the caller's role.",
  "session policy": "Leave restrict-session out, or change the session policy of the credentials, such as inline-session-policy of aws-actions/configure-aws-credentials.",
  "vpc endpoint policy": "Change the policy of the VPC endpoint that the call goes through."
};
function isDenied(cause) {
  return (0,CPBUXW7X/* errorName */.Is)(cause).startsWith("AccessDenied");
}
function isAllowMissing(cause) {
  return isDenied(cause) && readDenial(cause) === void 0;
}
function readDenial(cause) {
  if (!isDenied(cause))
    return void 0;
  const message = (0,CPBUXW7X/* errorMessage */.gJ)(cause);
  const explicit = /\bexplicit deny\b(?: in (?:an?|the) ([a-z -]+))?/i.exec(message);
  if (explicit !== null) {
    const policy2 = policyNamed(explicit[1]);
    const kind = policy2 === void 0 ? "" : ` of the kind "${policy2}"`;
    const remedy = policy2 === void 0 ? "" : ` ${remedies[policy2]}`;
    const explanation2 = `A Deny statement in a policy${kind} denies the call, whatever other policies allow.${remedy}`;
    return { policy: policy2, explanation: explanation2 };
  }
  const policy = policyNamed(/\bbecause no ([a-z -]+?) allows\b/i.exec(message)?.[1]);
  if (policy === void 0 || policy === "identity-based policy")
    return void 0;
  const explanation = `A policy of the kind "${policy}" must allow the call too, but does not. ${remedies[policy]}`;
  return { policy, explanation };
}
function policyNamed(words = "") {
  const kind = words.toLowerCase().replace(/^sessions /, "session ");
  return Object.keys(remedies).find((policy) => kind.startsWith(policy));
}

// lib/src/aws/failures.js
var unavailableNames = /* @__PURE__ */ new Set([
  "InternalFailure",
  "InternalServerError",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  // STS could not reach GitHub's keys.
  "IDPCommunicationError",
  "IDPCommunicationErrorException",
  "TimeoutError",
  "RequestTimeout",
  "RequestTimeoutException"
]);
var signatureNames = /* @__PURE__ */ new Set(["InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "AuthFailure"]);
var unavailableCode = /^(?:ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|HPE_.*)$/;
var oneIndexAtATime = "Only 1 online index";
var passingLimits = ["simultaneously", oneIndexAtATime, "indexed tables"];
function nextChangeAllowedAt(error) {
  return /can be made at (.{1,80})/i.exec((0,CPBUXW7X/* errorMessage */.gJ)(error))?.[1]?.replace(/[.\s]+$/, "");
}
function isUnusableKey(error) {
  return (0,CPBUXW7X/* errorName */.Is)(error) === "InternalServerError" && (0,CPBUXW7X/* errorMessage */.gJ)(error).includes("EncryptionContext is supported only when creating a grant for a symmetric encryption");
}
function spentLimit(error) {
  const text3 = `${(0,CPBUXW7X/* errorName */.Is)(error)}: ${(0,CPBUXW7X/* errorMessage */.gJ)(error)}`;
  return MHPL2HJH/* properties */.qo.find(({ budget }) => budget?.isSpent.test(text3))?.budget?.limit;
}
function classifyFailure(error) {
  const name2 = (0,CPBUXW7X/* errorName */.Is)(error);
  const message = (0,CPBUXW7X/* errorMessage */.gJ)(error);
  if (spentLimit(error) !== void 0)
    return "deferred";
  if (isUnusableKey(error))
    return "final";
  if (name2 === "ContinuousBackupsUnavailableException")
    return "not-ready";
  if (name2 === "LimitExceededException") {
    return passingLimits.some((passing) => message.includes(passing)) ? "not-ready" : "final";
  }
  if ((0,CPBUXW7X/* httpStatus */.nG)(error) === 429 || (0,CPBUXW7X/* isErrorLike */.u7)(error) && (0,SHMGWSW7/* isThrottlingError */.Qb)(error))
    return "throttled";
  if (name2.startsWith("InvalidIdentityToken") && message.includes("ouldn't retrieve verification key")) {
    return "unavailable";
  }
  if (unavailableNames.has(name2) || unavailableCode.test((0,CPBUXW7X/* errorCode */.CA)(error)))
    return "unavailable";
  if ((0,CPBUXW7X/* metadataOf */.Nk)(error).clockSkewCorrected === true && signatureNames.has(name2))
    return "misdated";
  return (0,CPBUXW7X/* httpStatus */.nG)(error) >= 500 ? "unavailable" : "final";
}
function isUnsent(error) {
  const code2 = (0,CPBUXW7X/* errorCode */.CA)(error);
  return unsentName.test((0,CPBUXW7X/* errorName */.Is)(error)) && (0,CPBUXW7X/* httpStatus */.nG)(error) === 0 && (code2 === "" || unsentCode.test(code2));
}
var unsentName = /^(?:Error|TypeError|RangeError|EndpointError|ProviderError|(?:Credentials|Token)ProviderError)$/;
var unsentCode = /^ERR_(?:INVALID|UNESCAPED|HTTP_INVALID)_/;
function isAnswerOfAnother(error) {
  if ((0,CPBUXW7X/* httpStatus */.nG)(error) === 0 || classifyFailure(error) === "unavailable")
    return false;
  const name2 = (0,CPBUXW7X/* errorName */.Is)(error);
  const message = (0,CPBUXW7X/* errorMessage */.gJ)(error);
  return name2 === "Unknown" || name2 === "SyntaxError" || name2 === "NotFound" && message === "Unknown" || /deserialization error|parse error/i.test(message);
}

// lib/src/aws/iam.js
var sampleItemActions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"];
function actionsOf(command2, declared) {
  const isDeclared = ({ name: name2 }) => declared.includes(name2);
  const written = MHPL2HJH/* properties */.qo.filter(isDeclared);
  const read = MHPL2HJH/* properties */.qo.filter((property) => property.reading.kind === "described" || property.reading.when === "always" || isDeclared(property));
  const beyondReads = {
    plan: [],
    apply: [...creationActions(written), ...written.flatMap(({ actions }) => actions.write)],
    verify: sampleItemActions,
    destroy: ["dynamodb:DeleteTable"]
  };
  return distinct([...read.flatMap(({ actions }) => actions.read), ...beyondReads[command2]]);
}
function distinct(actions) {
  return [...new Set(actions)].sort();
}
function creationActions(used) {
  return ["dynamodb:CreateTable", ...used.flatMap(({ actions }) => actions.create ?? [])];
}
function actionsOfOperation(operation) {
  return operation === "CreateTable" ? creationActions(MHPL2HJH/* properties */.qo) : [`dynamodb:${operation}`];
}
function policyFor(command2, place, definitions) {
  return {
    Version: "2012-10-17",
    Statement: [
      ...statementsFor(definitions.flatMap((definition) => needsOf(command2, place, definition))),
      ...otherStatements(command2, place, definitions)
    ]
  };
}
function needsOf(command2, place, { name: name2, properties: values }) {
  const resource = (0,MHPL2HJH/* tableArn */.cU)(place, name2);
  const declared = (0,CPBUXW7X/* propertyValues */.uX)(values).map(({ property }) => property.name);
  const table2 = { resource, actions: actionsOf(command2, declared) };
  if (command2 !== "verify")
    return [table2];
  const indexes = (0,MHPL2HJH/* indexesOf */.O7)(values).map((index) => ({
    resource: indexArn(resource, index.name),
    actions: ["dynamodb:Query"]
  }));
  return [table2, ...indexes];
}
function indexArn(table2, index) {
  return `${table2}/index/${index}`;
}
function statementsFor(needs) {
  const actionsByResource = /* @__PURE__ */ new Map();
  for (const { resource, actions } of needs) {
    actionsByResource.set(resource, distinct([...actionsByResource.get(resource) ?? [], ...actions]));
  }
  const statements = /* @__PURE__ */ new Map();
  for (const [resource, Action] of actionsByResource) {
    const { Resource = [] } = statements.get(Action.join()) ?? {};
    statements.set(Action.join(), { Effect: "Allow", Action, Resource: [...Resource, resource] });
  }
  return [...statements.values()];
}
function otherStatements(command2, place, definitions) {
  if (command2 === "destroy")
    return [];
  const needed = definitions.flatMap(({ properties: values }) => (0,CPBUXW7X/* propertyValues */.uX)(values).flatMap(({ property, value }) => {
    const { read = [], write: write2 = [] } = property.otherStatements?.(value, place) ?? {};
    return command2 === "plan" ? read : [...read, ...write2];
  }));
  return [...new Map(needed.map((statement) => [JSON.stringify(statement), statement])).values()];
}
function allowStatement(actions, resource) {
  return JSON.stringify({ Effect: "Allow", Action: actions, Resource: resource });
}
function trustStatement({ partition: partition2, account }, claims) {
  const provider = claims.iss.replace(/^https:\/\//, "");
  return JSON.stringify({
    Effect: "Allow",
    Principal: { Federated: `arn:${partition2}:iam::${account}:oidc-provider/${provider}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: { [`${provider}:aud`]: claims.aud, [`${provider}:sub`]: claims.sub } }
  });
}
var longestPolicy = 6144;
var longestSessionPolicy = 2048;
function sessionPolicy(command2, place, definitions) {
  const policy = JSON.stringify(policyFor(command2, place, definitions));
  if (policy.length <= longestSessionPolicy)
    return policy;
  throw new MHPL2HJH/* RemedyError */.By(`restrict-session makes a session policy of ${policy.length} characters, but STS takes ${longestSessionPolicy}.`, "Choose a shorter table-name-prefix or fewer tables in one file, or leave restrict-session out.");
}

// lib/src/aws/remedies.js
var wrongSignature = "Check the clock of the machine, and the secret access key, then run again.";
var wrongAccessKey = "Check that the access key is active, and of the partition of the region. An opt-in region must be enabled in the account of the caller and in that of the role.";
var remedies2 = /* @__PURE__ */ new Map([
  [
    "ExpiredToken",
    "Check the clock of the machine, and get new credentials or a new token right before this step, then run again."
  ],
  ["InvalidSignature", wrongSignature],
  ["SignatureDoesNotMatch", wrongSignature],
  ["RegionDisabled", wrongAccessKey],
  ["InvalidClientTokenId", wrongAccessKey],
  ["UnrecognizedClient", wrongAccessKey],
  [
    "ValidationError",
    "See what AWS says below. A session that comes from another role lasts 3600 seconds at most: give role-duration-seconds 3600 or less, or let the role allow longer sessions."
  ],
  [
    "PackedPolicyTooLarge",
    "restrict-session and role-session-tags together are larger than STS allows. Give fewer or shorter tags, or leave restrict-session out."
  ]
]);
var unsentRemedy = "The AWS SDK sent no request. Correct the setting that it names below, then run again.";
function remedyForAws(error, service) {
  const denial = readDenial(error);
  if (denial !== void 0)
    return `${denial.explanation} ${iamDelay}`;
  const known2 = remedies2.get((0,CPBUXW7X/* errorName */.Is)(error).replace(/Exception$/, ""));
  if (known2 !== void 0)
    return known2;
  if (isUnsent(error))
    return unsentRemedy;
  if (isAnswerOfAnother(error)) {
    return `Another server answered instead of ${service}. Check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_${service.toUpperCase()}, and any proxy or firewall on the way.`;
  }
  return isUnanswered(error) ? "AWS or the network on the way to it failed. Run again." : "Correct what AWS reports below, then run again.";
}
function isUnanswered(error) {
  return (0,CPBUXW7X/* errorCode */.CA)(error) !== "" || classifyFailure(error) === "unavailable" || isUnsent(error) || isAnswerOfAnother(error);
}

// lib/src/aws/dynamodb-errors.js
var DynamoDbError = class extends MHPL2HJH/* RemedyError */.By {
  name = "DynamoDbError";
  /** The error name of AWS. */
  code;
  kind;
  /**
   * @param isOutcomeUnknown true if this try, or an earlier one of the same call, may have taken effect
   * @param arn the ARN of the resource, because `resource` may be its name
   */
  constructor(operation, resource, cause, isOutcomeUnknown2, arn) {
    super(describeFailure(operation, resource, cause), remedyForDynamoDb(operation, resource, cause), {
      cause,
      isOutcomeUnknown: isOutcomeUnknown2,
      statements: isAllowMissing(cause) && !isAboutKms(cause) ? [allowStatement(actionsOfOperation(operation), arn)] : []
    });
    this.code = (0,CPBUXW7X/* errorName */.Is)(cause);
    this.kind = classifyFailure(cause);
  }
};
function isRefusal(cause) {
  const status2 = (0,CPBUXW7X/* httpStatus */.nG)(cause);
  return status2 >= 400 && status2 < 500 && classifyFailure(cause) !== "unavailable" || isUnusableKey(cause);
}
var StaleReadError = class extends MHPL2HJH/* RemedyError */.By {
  name = "StaleReadError";
  constructor(operation, resource) {
    super(`${operation} on "${resource}" was not sent: the read of the table is too old.`, "Run again.");
  }
};
function isAboutKms(error) {
  return /\bkms\b/i.test((0,CPBUXW7X/* errorMessage */.gJ)(error));
}
function describeFailure(operation, resource, cause) {
  if (classifyFailure(cause) !== "deferred")
    return `${operation} on "${resource}" failed.`;
  const time2 = nextChangeAllowedAt(cause);
  return `${operation} on "${resource}" is deferred: AWS limits how often this may change${time2 === void 0 ? "" : `, and allows the next change at ${time2}`}.`;
}
function remedyForDynamoDb(operation, resource, error) {
  if (error instanceof MHPL2HJH/* RemedyError */.By)
    return error.remedy;
  if (classifyFailure(error) === "deferred") {
    const time2 = nextChangeAllowedAt(error);
    return `Run again ${time2 === void 0 ? `when the limit allows it: ${spentLimit(error)}` : `after ${time2}`}. The other steps do not wait for it.`;
  }
  if (isAllowMissing(error)) {
    return isAboutKms(error) ? `Allow what AWS names below to the role that works on the tables, in its policy and in that of the KMS key of "${resource}". A session under restrict-session, and a role within the boundary of iam/provisioner.yml, may use no key.` : `Allow ${actionsOfOperation(operation).join(" and ")} on "${resource}" in the policy of the role that works on the tables, and check that no service control policy or permissions boundary denies it.`;
  }
  if (/acted as a source region/i.test((0,CPBUXW7X/* errorMessage */.gJ)(error))) {
    return `Delete the replicas of "${resource}" in other regions and run again when they are gone, or run again 24 hours after the last of them was added.`;
  }
  if (isUnusableKey(error))
    return "Name a KMS key whose key spec is SYMMETRIC_DEFAULT. DynamoDB uses no other.";
  if ((0,CPBUXW7X/* errorName */.Is)(error).endsWith("LimitExceededException")) {
    return "The account has reached a limit of DynamoDB. Ask AWS to raise it, or make room, then run again.";
  }
  return `${remedyForAws(error, "DynamoDB")} What was done so far is kept.`;
}

// lib/src/aws/retry.js
var mostTriesWhileUnavailable = 8;
function retryDelay(kind, error, tries, now, random) {
  switch (kind) {
    case "final":
    case "deferred":
      return void 0;
    case "throttled":
      return delayGivenBy(error, now, random) ?? random * Math.min(2e4, 250 * 2 ** tries);
    case "not-ready":
      return Math.min(3e3, 800 + 50 * Math.max(0, tries - 20)) + 200 * random;
    case "misdated":
      return tries === 1 ? 0 : void 0;
    case "unavailable":
      return tries < mostTriesWhileUnavailable ? random * Math.min(5e3, 100 * 2 ** tries) : void 0;
  }
}
async function retry({ clock, log, stop, abort }, send, waitingFor, isTriedAgain = () => true) {
  const triesByKind = /* @__PURE__ */ new Map();
  for (; ; ) {
    if (stop.aborted)
      throw (0,MHPL2HJH/* stoppedBy */.$)(stop.reason, waitingFor());
    try {
      return await send(abort);
    } catch (error) {
      const { reason } = abort.aborted ? abort : stop;
      if (abort.aborted || error === reason)
        throw (0,MHPL2HJH/* stoppedBy */.$)(reason, waitingFor(), { cause: error });
      const kind = classifyFailure(error);
      const tries = (triesByKind.get(kind) ?? 0) + 1;
      triesByKind.set(kind, tries);
      const delay = retryDelay(kind, error, tries, clock.now(), clock.random());
      if (delay === void 0 || !isTriedAgain(kind, clock.now() + delay))
        throw error;
      log.info(`Trying again in ${(delay / 1e3).toFixed(1)} s: ${(0,CPBUXW7X/* errorName */.Is)(error)}: ${(0,CPBUXW7X/* errorMessage */.gJ)(error)}`);
      await clock.sleep(delay, stop).catch((reason2) => {
        throw (0,MHPL2HJH/* stoppedBy */.$)(reason2, waitingFor(), { cause: error });
      });
    }
  }
}
function delayGivenBy(error, now, random) {
  const [, time2 = ""] = /try again after (.+?)\.?$/i.exec((0,CPBUXW7X/* errorMessage */.gJ)(error)) ?? [];
  const at = (0,CPBUXW7X/* isErrorLike */.u7)(error) && "retryAt" in error ? Number(error.retryAt) : Date.parse(time2);
  return Number.isNaN(at) ? void 0 : Math.min(6e4, Math.max(0, at - now)) + 1e3 + 500 * random;
}

// lib/src/apply/conflict.js
function conflictOf(step, error) {
  const reason = reasonOf(step, error);
  return reason && { reason, error };
}
function reasonOf({ kind: step }, { code: code2, kind, cause }) {
  if (code2 === "ResourceInUseException")
    return step === "create" ? "outdated" : "blocked";
  if (code2 === "LimitExceededException") {
    if ((0,CPBUXW7X/* errorMessage */.gJ)(cause).includes("Table tags are being updated"))
      return "tags-locked";
    if ((0,CPBUXW7X/* errorMessage */.gJ)(cause).includes(oneIndexAtATime))
      return "blocked-by-index";
  }
  const isBusy = kind === "throttled" || kind === "unavailable" || kind === "not-ready";
  if (isBusy)
    return step === "create" ? void 0 : "busy";
  if (step === "delete" && code2 === "ResourceNotFoundException")
    return "outdated";
  return step === "update" && code2 === "ValidationException" && kind === "final" ? "invalid" : void 0;
}
var deletionBlockers = ["table", "index", "replica", "encryption", "warm throughput"];
function blockersOf(step, table2) {
  const blockers = step.kind === "update" ? (0,MHPL2HJH/* propertyNamed */.vJ)(step.property).blockedBy(step) : deletionBlockers;
  const isTableBlocking = table2.tableStatus === "CREATING" || table2.tableStatus === "UPDATING" && blockers.includes("table");
  const parts = table2.changesInProgress.map(({ part }) => part).filter((part) => blockers.includes(part));
  return isTableBlocking ? ["table", ...parts] : parts;
}
var mostConflicts = 5;
var longestDelayWhileBlocked = 1e4;
var tagLockMilliseconds = 3e3;
function delayAfterConflict({ reason, error }, conflicts, now, random) {
  const times = conflicts.filter((each) => each.reason === reason && each.error.kind === error.kind).length;
  const jitter = 0.5 + random;
  switch (reason) {
    case "blocked-by-index":
    case "blocked":
      return Math.min(longestDelayWhileBlocked, 200 * 2 ** times) * jitter;
    case "busy":
      return retryDelay(error.kind, error.cause, times, now, random);
    case "tags-locked":
      return times > mostConflicts ? void 0 : tagLockMilliseconds + 1e3 * jitter;
    case "invalid":
    case "outdated":
      return times > mostConflicts ? void 0 : 200 * 2 ** times * jitter;
  }
}

// lib/src/apply/outcome.js
var states = {
  failed: "failed",
  applied: "applied",
  dropped: "done by another run",
  deferred: "deferred by AWS",
  postponed: "left for the next run",
  accepted: "begun, not finished",
  unknown: "sent, outcome unknown",
  skipped: "not started"
};
function stateOf(result) {
  if (result.status !== "failed")
    return result.status;
  if (result.isAccepted)
    return "accepted";
  return result.isOutcomeUnknown ? "unknown" : "failed";
}
function describeResult(result) {
  if (result === void 0)
    return "planned";
  if (result.status === "postponed")
    return `${states.postponed}: an index is being built`;
  if (result.status !== "applied")
    return states[stateOf(result)];
  return result.isStillBuilding ? "begun; the build goes on after the run" : `applied in ${result.seconds.toFixed(1)} s`;
}
function toneOf({ status: status2 }) {
  if (status2 === "failed")
    return "failure";
  return status2 === "applied" || status2 === "dropped" ? "success" : "attention";
}
function mayHaveChanged({ result }) {
  return result.status === "applied" || result.status === "failed" && result.isOutcomeUnknown;
}

// lib/src/apply/wait.js
function isNotChanging({ phase }) {
  return phase !== "changing";
}
function isInProgress({ changesInProgress }, wanted, only) {
  return changesInProgress.some(({ part, name: name2 }) => part === wanted && (only === void 0 || name2 === only));
}
var creation = {
  goal: "be created",
  usual: "5 to 7 s, with indexes up to 22 s",
  firstPoll: 3,
  mayBeMissing: 20,
  timeout: 600,
  isOver: isNotChanging
};
var indexChanges = { ...MHPL2HJH/* indexBuild */.LT, firstPoll: 5 };
function builds(names) {
  return {
    ...indexChanges,
    goal: `build its index ${names.join(" and its index ")}`,
    isOver: (table2) => isNotChanging(table2) && !names.some((name2) => isInProgress(table2, "index", name2))
  };
}
function indexesBefore(name2, isOver = () => false) {
  return {
    ...indexChanges,
    goal: `complete its index changes before ${name2}`,
    isOver: (table2) => isOver(table2) || isNotChanging(table2) && !isInProgress(table2, "index")
  };
}
var deletion = {
  goal: "be deleted",
  usual: "3 to 10 s",
  firstPoll: 1,
  timeout: 600,
  isOver: () => false
};
function admission(name2, firstPoll, isOver) {
  return {
    goal: `accept ${name2}: someone else is changing the table`,
    usual: "seconds, up to 17 minutes for an index, and an hour for a replica",
    firstPoll,
    timeout: MHPL2HJH/* longestRunSeconds */.bs,
    isOver
  };
}
function completionOf(step) {
  switch (step.kind) {
    case "create":
      return creation;
    case "delete":
      return deletion;
    case "update": {
      const wait = (0,CPBUXW7X/* declaredWait */.cY)(step);
      if (wait === void 0)
        return void 0;
      const only = (0,CPBUXW7X/* partOf */.BU)(step);
      return {
        ...wait,
        goal: [wait.goal, only].filter(Boolean).join(" "),
        isOver: (table2) => isNotChanging(table2) && !isInProgress(table2, wait.part, only)
      };
    }
  }
}
async function waitForTable({ dynamoDb, target, run }, name2, { goal, usual, firstPoll, interval, timeout, mayBeMissing = 0, isOver }, id) {
  const address = (0,MHPL2HJH/* addressOf */.ci)(target, name2);
  const start2 = run.clock.now();
  const advice = `Check in the AWS console what the table "${name2}" is doing`;
  let expectedId = id;
  return await poll({
    goal: `the table "${name2}" to ${goal}`,
    usual,
    firstPoll,
    interval,
    timeout,
    remedy: `${advice}, if it stays so.`,
    explainTimeout: (status2) => new MHPL2HJH/* RemedyError */.By(`Waited ${timeout} s for the table "${name2}" to ${goal}, which usually takes ${usual}. It is ${status2}.`, `${advice}, then run again: the run continues from there.`)
  }, run, async () => {
    const described = await describeTable(dynamoDb, address);
    if (described === void 0) {
      const isGone = expectedId !== void 0 || run.clock.now() - start2 >= mayBeMissing * 1e3;
      return isGone ? { done: void 0 } : { status: "missing" };
    }
    if (expectedId !== void 0 && described.id !== expectedId)
      throw tableReplaced(name2);
    expectedId = described.id;
    return isOver(described) ? { done: described } : { status: describeStatus(described) };
  });
}
function tableReplaced(table2) {
  return new MHPL2HJH/* RemedyError */.By(`The table "${table2}" was deleted and created again by someone else during this run. The plan was for the old table.`, "Find out who else works on this table, then run again: the run reads the new table and plans for it.");
}

// lib/src/apply/work.js
function idOf(table2) {
  return table2 === void 0 || table2.status === "absent" ? void 0 : table2.id;
}
function changesInProgressOn(table2) {
  return table2?.status === "ready" ? table2.changesInProgress : [];
}
function isReplaced(work, table2, observed) {
  const before = idOf(work.observed.get(table2));
  return before !== void 0 && observed?.status === "ready" && observed.id !== before;
}

// lib/src/apply/plan-again.js
async function planAgain(work, definition, steps) {
  const { dynamoDb, target, plan, run } = work;
  const { name: name2 } = definition;
  const { observed, readAt } = await observeTable(dynamoDb, target, definition, run);
  if (isReplaced(work, name2, observed))
    throw tableReplaced(name2);
  const planned = steps.map(({ step }) => step);
  const now = planTables(target, [definition], /* @__PURE__ */ new Map([[name2, observed]]), plan.policy, planned);
  const [refusal] = now.refusals;
  if (refusal !== void 0) {
    throw new MHPL2HJH/* RemedyError */.By(`Someone else changed the table during this run. ${refusal.reason}`, refusal.remedy);
  }
  const isPlanned = (0,CPBUXW7X/* isOneOf */.EK)(planned);
  const unplanned = now.steps.filter((step) => !isPlanned(step));
  if (unplanned.some(({ kind }) => kind === "create"))
    throw needsMoreThanPlanned(name2, unplanned);
  const remaining = steps.filter(({ result }) => result === void 0).map(({ step }) => step);
  return {
    needed: remaining.filter((0,CPBUXW7X/* isOneOf */.EK)(now.steps)),
    readAt,
    changesInProgress: changesInProgressOn(observed),
    unplanned: unplanned.length === 0 ? void 0 : needsMoreThanPlanned(name2, unplanned)
  };
}
function needsMoreThanPlanned(table2, unplanned) {
  return new MHPL2HJH/* RemedyError */.By(`Someone else changed the table "${table2}" during this run, and it now needs steps that were not planned: ${(0,CPBUXW7X/* describeSteps */.N$)(unplanned)}.`, "Run again, so that these steps are planned and printed before they are performed.");
}

// lib/src/apply/table-steps.js
function beginTable(work, definition, failures) {
  return {
    work,
    definition,
    steps: (0,CPBUXW7X/* stepsOf */.B_)(work.plan, definition.name).map((step) => ({ step, conflicts: [], seconds: 0 })),
    failures,
    readAt: work.readAt,
    slowReads: 0,
    isAbandoned: false,
    changesInProgress: changesInProgressOn(work.observed.get(definition.name)),
    unplanned: void 0
  };
}
async function performSteps(table2, round) {
  for (let next = nextStep(table2, round); next !== void 0; next = nextStep(table2, round)) {
    const result = resultWithoutTry(table2, next) ?? await advanceStep(table2, next);
    if (result !== void 0)
      record(table2, next, result);
  }
}
function recordUnknownOutcomes(table2) {
  for (const progress of remainingSteps(table2).filter(hasUnknownOutcome)) {
    record(table2, progress, failed(progress, progress.conflicts.at(-1)?.error));
  }
}
function record(table2, progress, result) {
  progress.result = result;
  if (result.status === "failed")
    table2.failures.push(result.error);
  if ("error" in result) {
    table2.isAbandoned ||= progress.step.kind === "create" || !(result.error instanceof DynamoDbError);
  }
  table2.work.run.log.info(`${(0,CPBUXW7X/* nameStep */.gP)(progress.step)}: ${describeResult(result)}`, toneOf(result));
}
function failed(progress, error) {
  return { status: "failed", isOutcomeUnknown: hasUnknownOutcome(progress), error };
}
function hasUnknownOutcome({ conflicts }) {
  return conflicts.some(({ error }) => (0,MHPL2HJH/* isOutcomeUnknown */.B1)(error));
}
function remainingSteps({ steps }) {
  return steps.filter(({ result }) => result === void 0);
}
function nextStep(table2, round) {
  if (table2.isAbandoned)
    return void 0;
  const remaining = remainingSteps(table2);
  const exists = !remaining.some(({ step }) => step.kind === "create");
  const mayProtect = exists && !table2.work.run.stop.aborted;
  const candidates = remaining.filter(({ step }) => round.includes(step) && (table2.failures.length === 0 || mayProtect && isProtective(step)));
  const [first] = candidates;
  if (first?.openConflict === void 0 || !isProtective(first.step))
    return first;
  return candidates.find(({ step, openConflict }) => isProtective(step) && openConflict === void 0) ?? first;
}
function resultWithoutTry(table2, progress) {
  const { step } = progress;
  const deferral = deferralBefore(table2, step);
  if (deferral !== void 0)
    return deferral;
  if (isPostponed(table2, step))
    return { status: "postponed" };
  if (table2.unplanned !== void 0 && !isProtective(step))
    return failed(progress, table2.unplanned);
  return void 0;
}
function deferralBefore({ steps }, step) {
  const follows = step.kind === "update" ? (0,MHPL2HJH/* propertyNamed */.vJ)(step.property).follows ?? [] : [];
  return steps.find((each) => each.result?.status === "deferred" && each.step.kind === "update" && follows.includes(each.step.property))?.result;
}
function isPostponed(table2, step, changesInProgress = table2.changesInProgress) {
  const isBuilding = changesInProgress.some(({ part, status: status2 }) => part === "index" && status2 === "CREATING");
  return isBuilding && !table2.work.waitForIndexes && step.kind === "update" && remainingBuilds(table2).length === 0 && blockersOf(step, { changesInProgress }).includes("index");
}
function isLeftBuilding(table2, step) {
  const [build, ...others] = remainingBuilds(table2);
  return !table2.work.waitForIndexes && build === step && others.length === 0;
}
function remainingBuilds(table2) {
  const remaining = remainingSteps(table2).map(({ step }) => step);
  return remaining.filter((step) => completionOf(step)?.isIndexBuild);
}
async function advanceStep(table2, progress) {
  const { step, openConflict } = progress;
  try {
    if (openConflict !== void 0) {
      await waitAfterConflict(table2, progress, openConflict);
      progress.openConflict = void 0;
      await readAgain(table2);
      if (openConflict.reason === "invalid" && progress.result === void 0)
        return failed(progress, openConflict.error);
    } else if (table2.readAt === void 0) {
      await readAgain(table2);
    } else if (blockersOf(step, table2).includes("index")) {
      await waitForIndexes(table2, step);
    } else {
      return await tryStep(table2, progress, table2.readAt);
    }
  } catch (error) {
    return failed(progress, error);
  }
  return void 0;
}
async function waitForIndexes(table2, step) {
  const { work } = table2;
  await waitForTable(work, step.table, indexesBefore((0,CPBUXW7X/* nameStep */.gP)(step)), idOf(work.observed.get(step.table)));
  table2.changesInProgress = [];
  table2.readAt = void 0;
}
async function tryStep(table2, progress, readAt) {
  const { dynamoDb, target, run } = table2.work;
  const { step } = progress;
  const start2 = run.clock.now();
  const seconds = () => (run.clock.now() - start2) / 1e3;
  const sendBefore = step.kind === "create" ? void 0 : readAt + freshnessOf(table2);
  try {
    await dynamoDb.write(requestOf(step, (0,MHPL2HJH/* addressOf */.ci)(target, step.table)), sendBefore);
  } catch (error) {
    progress.seconds = seconds();
    return resultOfFailedWrite(table2, progress, error);
  }
  if (isLeftBuilding(table2, step)) {
    table2.changesInProgress = [...table2.changesInProgress, { part: "index", status: "CREATING" }];
    return { status: "applied", seconds: seconds(), isStillBuilding: true };
  }
  try {
    await completeStep(table2, step);
    return { status: "applied", seconds: seconds() };
  } catch (error) {
    const isStopped = error instanceof MHPL2HJH/* StoppedError */.Ko;
    return { status: "failed", isOutcomeUnknown: true, ...isStopped ? { isAccepted: true } : {}, error };
  }
}
var freshnessMilliseconds = 5e3;
var mostFreshnessMilliseconds = 4e4;
function freshnessOf({ slowReads }) {
  return Math.min(mostFreshnessMilliseconds, freshnessMilliseconds * 2 ** Math.max(0, slowReads - 1));
}
function requestOf(step, address) {
  switch (step.kind) {
    case "create":
      return (0,CPBUXW7X/* createRequest */.WL)(address, step.to);
    case "update": {
      const { name: name2, request } = (0,MHPL2HJH/* propertyNamed */.vJ)(step.property);
      if (request === void 0)
        throw new TypeError(`${name2} cannot be changed`);
      return request(address, step);
    }
    case "delete":
      return { operation: "DeleteTable", input: { TableName: address.name } };
  }
}
function resultOfFailedWrite(table2, progress, error) {
  if (error instanceof StaleReadError) {
    table2.readAt = void 0;
    return void 0;
  }
  const conflict = error instanceof DynamoDbError ? conflictOf(progress.step, error) : void 0;
  if (conflict !== void 0) {
    progress.conflicts.push(conflict);
    progress.openConflict = conflict;
    table2.readAt = void 0;
    return void 0;
  }
  if (error instanceof DynamoDbError && error.kind === "deferred")
    return { status: "deferred", error };
  return { status: "failed", isOutcomeUnknown: (0,MHPL2HJH/* isOutcomeUnknown */.B1)(error) || hasUnknownOutcome(progress), error };
}
async function completeStep({ work }, step) {
  const wait = completionOf(step);
  if (wait === void 0)
    return;
  const described = await waitForTable(work, step.table, wait, idOf(work.observed.get(step.table)));
  if (step.kind === "delete" || described?.phase === "settled")
    return;
  throw new MHPL2HJH/* RemedyError */.By(`The table "${step.table}" is ${described?.tableStatus ?? "deleted"} after this run changed it: another process deleted or locked it.`, "Find out who else works on this table, then run again.");
}
async function readAgain(table2) {
  const { work, definition, steps } = table2;
  const { needed, readAt, changesInProgress, unplanned } = await planAgain(work, definition, steps);
  table2.readAt = readAt;
  table2.changesInProgress = changesInProgress;
  table2.unplanned = unplanned;
  table2.slowReads = work.run.clock.now() - readAt > freshnessMilliseconds ? table2.slowReads + 1 : 0;
  for (const progress of remainingSteps(table2)) {
    const { step, seconds } = progress;
    if (needed.includes(step) || unplanned !== void 0 && !isProtective(step))
      continue;
    record(table2, progress, hasUnknownOutcome(progress) ? { status: "applied", seconds } : { status: "dropped" });
  }
}
async function waitAfterConflict(table2, { step, conflicts }, conflict) {
  const { clock, log, stop } = table2.work.run;
  const { reason, error } = conflict;
  const delay = delayAfterConflict(conflict, conflicts, clock.now(), clock.random());
  if (delay === void 0)
    throw error;
  const name2 = (0,CPBUXW7X/* nameStep */.gP)(step);
  const message = `${error.code}: ${(0,CPBUXW7X/* errorMessage */.gJ)(error.cause)}`;
  log.info(`${name2}: reading the table again in ${(delay / 1e3).toFixed(1)} s: ${message}`);
  if (reason === "blocked" || reason === "blocked-by-index") {
    const isLeft = (described) => isPostponed(table2, step, described.changesInProgress);
    const wait = reason === "blocked-by-index" ? indexesBefore(name2, isLeft) : admission(name2, delay / 1e3, (described) => isLeft(described) || blockersOf(step, described).length === 0);
    await waitForTable(table2.work, step.table, wait);
    return;
  }
  await clock.sleep(delay, stop).catch((stopReason) => {
    const awaited = reason === "busy" ? `DynamoDB to accept ${name2}` : `someone else, who is changing the table "${step.table}"`;
    throw (0,MHPL2HJH/* stoppedBy */.$)(stopReason, awaited, { cause: error.cause });
  });
}

// lib/src/apply/apply.js
async function applyPlan(work) {
  const { plan, definitions, observed, run } = work;
  const failures = [];
  const tables = definitions.map((definition) => beginTable(work, definition, failures));
  const isNothingToDo = plan.steps.length + finalWaits(work, observed).length === 0;
  if (plan.refusals.length > 0 || isNothingToDo)
    return outcomeOf(plan, tables, observed);
  run.log.startGroup(plan.policy.destroy ? "Destroy" : "Apply");
  for (const round of roundsOf(plan.steps)) {
    await Promise.all(tables.map((table2) => performSteps(table2, round)));
  }
  for (const table2 of tables)
    recordUnknownOutcomes(table2);
  run.log.endGroup();
  if (failures.length > 0)
    return outcomeOf(plan, tables, observed, failures[0]);
  try {
    const confirmed = await confirmTables(work, stepsOfNextRun(tables));
    return outcomeOf(plan, tables, confirmed, firstDeferral(tables));
  } catch (error) {
    return outcomeOf(plan, tables, observed, error);
  }
}
function outcomeOf(plan, tables, observed, error) {
  const results = new Map(tables.flatMap(({ steps }) => steps).map(({ step, result }) => [step, result]));
  return {
    steps: plan.steps.map((step) => ({ step, result: results.get(step) ?? { status: "skipped" } })),
    observed,
    ...error === void 0 ? {} : { error }
  };
}
function stepsOfNextRun(tables) {
  return tables.flatMap(({ steps }) => steps).flatMap(({ step, result }) => result?.status === "deferred" || result?.status === "postponed" ? [step] : []);
}
function firstDeferral(tables) {
  const results = tables.flatMap(({ steps }) => steps.map(({ result }) => result));
  return results.find((result) => result?.status === "deferred")?.error;
}
function finalWaits({ plan, definitions, waitForIndexes: waitForIndexes2 }, observed) {
  if (plan.policy.destroy) {
    const disappearing = definitions.filter(({ name: name2 }) => isBeingDeleted(observed.get(name2)));
    return disappearing.map(({ name: name2 }) => ({ table: name2, wait: deletion }));
  }
  if (!waitForIndexes2)
    return [];
  return definitions.flatMap(({ name: table2, properties: properties2 }) => {
    const names = (0,MHPL2HJH/* declaredBuilds */.UA)(properties2, changesInProgressOn(observed.get(table2)));
    return names.length === 0 ? [] : [{ table: table2, wait: builds(names) }];
  });
}
function isBeingDeleted(table2) {
  return table2?.status === "unavailable" && table2.tableStatus === "DELETING";
}
var longestLagSeconds = 10;
async function confirmTables(work, remaining) {
  const { target, definitions, plan, run } = work;
  return await poll({
    goal: "the state of the tables to match their definitions",
    firstPoll: 0,
    interval: 1,
    timeout: longestLagSeconds,
    explainTimeout: (status2) => new MHPL2HJH/* RemedyError */.By(`Every step was performed, but the state of the tables is still ${status2}.`, "Find out who else changes these tables, then run again.")
  }, run, async () => {
    const confirmed = await observeWhenComplete(work);
    for (const { name: name2 } of definitions) {
      if (isReplaced(work, name2, confirmed.get(name2)))
        throw tableReplaced(name2);
    }
    const { steps, refusals } = planTables(target, definitions, confirmed, plan.policy, plan.steps);
    const isRemaining = (0,CPBUXW7X/* isOneOf */.EK)(remaining);
    const needed = steps.filter((step) => !isRemaining(step));
    if (needed.length + refusals.length === 0)
      return { done: confirmed };
    const differences = [
      ...needed.length > 0 ? [(0,CPBUXW7X/* describeSteps */.N$)(needed)] : [],
      ...refusals.map(({ reason }) => reason.replace(/\.$/, ""))
    ];
    return { status: `different: ${differences.join("; ")}` };
  });
}
async function observeWhenComplete(work) {
  const { dynamoDb, target, definitions, run } = work;
  for (; ; ) {
    const { observed } = await observeTables(dynamoDb, target, definitions, run);
    const waits = finalWaits(work, observed);
    if (waits.length === 0)
      return observed;
    await Promise.all(waits.map(({ table: table2, wait }) => waitForTable(work, table2, wait, idOf(observed.get(table2)))));
  }
}

// lib/src/definition/items.js
function renderItem(item) {
  return JSON.stringify(Object.fromEntries(Object.entries(item).map(([name2, value]) => [
    name2,
    typeof value === "object" ? { B: Buffer.from(value).toString("base64") } : value
  ])));
}
var userRoles = ["OWNER", "SUPERVISOR", "OPERATOR"];
function bundle_text(rule, pattern) {
  return (0,MHPL2HJH/* pipe */.Fs)((0,MHPL2HJH/* string */.Yj)(), (0,MHPL2HJH/* regex */.yG)(pattern, rule), (0,MHPL2HJH/* description */.h_)(`Must be ${rule}.`));
}
var uuid = bundle_text("a UUID in lower case", /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
var bundle_name = bundle_text("a text that is not blank", /\S/);
var codeRule = "upper-case letters, digits and hyphens, at most 32 characters, such as DD-DEMO";
var code = (0,MHPL2HJH/* pipe */.Fs)(bundle_text(codeRule, /^[A-Z0-9]+(-[A-Z0-9]+)*$/), (0,MHPL2HJH/* maxLength */.Ru)(32, codeRule));
var email = bundle_text("an e-mail address", /^[^\s@]+@[^\s@]+$/);
var role = bundle_text(`one of ${userRoles.join(", ")}`, new RegExp(`^(${userRoles.join("|")})$`));
var timeRule = "a time in UTC by ISO 8601, such as 2026-01-31T12:00:00Z";
var time = (0,MHPL2HJH/* pipe */.Fs)(
  bundle_text(timeRule, /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|\+00:00)$/),
  // `new Date` reads 31 February as 3 March, so the date is compared with the text.
  (0,MHPL2HJH/* check */.z6)((value) => new Date(value).toJSON()?.slice(0, 10) === value.slice(0, 10), timeRule)
);
var itemSchemas = {
  tenant: (0,MHPL2HJH/* object */.Ik)({ tenant_id: uuid, name: bundle_name, code, created_at: time }),
  users: (0,MHPL2HJH/* object */.Ik)({
    tenant_id: uuid,
    user_id: uuid,
    cognito_sub: uuid,
    name: bundle_name,
    email,
    role,
    created_at: time,
    updated_at: time
  })
};
function problemsOfItem(itemKind, item) {
  const { issues = [] } = (0,MHPL2HJH/* safeParse */.xL)(itemSchemas[itemKind], { ...item }, { abortPipeEarly: true });
  return issues.map((issue) => {
    const attribute = (0,MHPL2HJH/* getDotPath */.Bu)(issue) ?? "the item";
    const found = issue.path?.at(-1)?.value;
    if (found === void 0)
      return `${attribute} is missing`;
    if (typeof found !== "string")
      return `${attribute} must be a string, but is ${JSON.stringify(found)}`;
    return `${attribute} must be ${issue.message}, but is ${(0,MHPL2HJH/* quote */.hD)(found)}`;
  });
}
function makeSampleItems(freshUuid, now) {
  const tenant_id = freshUuid();
  const created_at = new Date(now).toISOString();
  return {
    tenant: { tenant_id, name: "Tenant Tables sample", code: "DD-DEMO", created_at },
    users: userRoles.map((userRole) => {
      const user_id = freshUuid();
      return {
        tenant_id,
        user_id,
        cognito_sub: freshUuid(),
        name: `Sample ${userRole.toLowerCase()}`,
        // A domain that no mail ever reaches: RFC 2606. With the id, because an index may be queried by it.
        email: `${userRole.toLowerCase()}-${user_id}@tenant-tables.invalid`,
        role: userRole,
        created_at,
        updated_at: created_at
      };
    })
  };
}
var repeatedAttributes = {
  tenant: ["name", "code", "created_at"],
  users: ["name", "role", "created_at", "updated_at"]
};
function makeSamples(definitions, freshUuid, now) {
  const builtIn = makeSampleItems(freshUuid, now);
  return definitions.map((definition) => {
    const { name: table2, properties: properties2 } = definition;
    const kind = kindOf(definition);
    const indexes = (0,MHPL2HJH/* indexesOf */.O7)(properties2);
    const attributes = [...properties2.KeySchema, ...indexes.flatMap(({ keys }) => keys)];
    const fill = (item) => ({ ...freshValues(attributes, freshUuid), ...item });
    const items = kind === void 0 ? [fill({})] : [builtIn[kind]].flat().map(fill);
    const [partitionKey = ""] = (0,MHPL2HJH/* partitionKeyOf */.ti)(properties2.KeySchema);
    const keyNames = properties2.KeySchema.map(({ AttributeName }) => AttributeName);
    return {
      table: table2,
      ...kind === void 0 ? {} : { kind },
      partitionKey,
      samples: items.map((item) => ({ item, key: pick(item, keyNames) })),
      otherPartition: pick(freshValues(properties2.KeySchema, freshUuid), [partitionKey]),
      indexes: indexes.map(({ name: name2, keys }) => ({ name: name2, partitionKey: (0,MHPL2HJH/* partitionKeyOf */.ti)(keys) })).filter((index) => kind === void 0 || !index.partitionKey.every((each) => repeatedAttributes[kind].includes(each)))
    };
  });
}
var builtInKeys = {
  tenant: "tenant_id (S)",
  users: "tenant_id (S), user_id (S)"
};
function kindOf({ logicalName, properties: properties2 }) {
  const kind = ["tenant", "users"].find((each) => each === logicalName);
  if (kind === void 0 || builtInKeys[kind] !== (0,MHPL2HJH/* describeKeys */.mC)(properties2.KeySchema))
    return void 0;
  const attributes = (0,MHPL2HJH/* indexesOf */.O7)(properties2).flatMap(({ keys }) => keys);
  const fits = attributes.every(({ AttributeName, AttributeType }) => AttributeType === "S" || !Object.hasOwn(itemSchemas[kind].entries, AttributeName));
  return fits ? kind : void 0;
}
function freshValues(attributes, freshUuid) {
  return Object.fromEntries(attributes.map(({ AttributeName, AttributeType }) => [AttributeName, freshValue(AttributeType, freshUuid())]));
}
function freshValue(type, uuid2) {
  const digits = uuid2.replaceAll("-", "");
  if (type === "S")
    return uuid2;
  return type === "N" ? Number.parseInt(digits.slice(-13), 16) : Uint8Array.from(Buffer.from(digits, "hex"));
}
function pick(item, names) {
  return Object.fromEntries(names.flatMap((name2) => item[name2] === void 0 ? [] : [[name2, item[name2]]]));
}

// lib/src/apply/verify.js
async function verifyTables(work) {
  const { plan, sampleItems } = work;
  if (plan.refusals.length > 0)
    return { sampleItems: false };
  try {
    assertAsDefined(plan);
  } catch (error) {
    return { sampleItems, itemState: "unwritten", error };
  }
  return sampleItems ? await verifySampleItems(work) : { sampleItems };
}
function assertAsDefined({ steps }) {
  if (steps.length === 0)
    return;
  throw new MHPL2HJH/* RemedyError */.By(`The tables are not as they are defined: ${(0,CPBUXW7X/* describeSteps */.N$)(steps)}.`, "Find out who changed them, then run command: apply, which brings them to their definition.");
}
async function verifySampleItems({ definitions, observed, dynamoDb: { itemsWithin }, run }) {
  const tables = makeSamples(definitions, run.clock.uuid, run.clock.now()).map((of) => ({
    ...of,
    indexes: of.indexes.filter(({ name: name2 }) => !isBeingBuilt(name2, observed.get(of.table)))
  }));
  const all = tables.flatMap((of) => of.samples.map((sample) => ({ ...sample, of, state: "unsent" })));
  let failure;
  try {
    const items = itemsWithin(run);
    await assertReadable(items, tables);
    run.log.info(`Sample items, to be deleted again: writing ${all.map(nameSample).join("; ")}`);
    await settleAll(all.map((sample) => write(items, sample)));
    await assertFound(items, tables);
    await assertIndexed(items, tables, run);
  } catch (error) {
    failure = error;
  }
  const left = await deleteAll(itemsWithin((0,MHPL2HJH/* cleaningRun */.pF)(run)), all);
  const warnings = all.filter(({ state }) => state === "unknown").map(warnOfLateWrite);
  const verification = { sampleItems: true, ...warnings.length === 0 ? {} : { warnings } };
  if (left.length > 0)
    return { ...verification, error: explainLeftItems(left, failure, warnings.length === 0) };
  if (failure === void 0)
    return verification;
  const itemState = all.every(({ state }) => state === "unsent") ? "unwritten" : "deleted";
  return { ...verification, itemState, error: failure };
}
function isBeingBuilt(index, table2) {
  return changesInProgressOn(table2).some(({ part, name: name2 }) => part === "index" && name2 === index);
}
async function assertReadable(items, tables) {
  await Promise.all(tables.flatMap(({ table: table2, samples: [first], otherPartition, indexes }) => first === void 0 ? [] : [
    items.get(table2, first.key),
    items.query(table2, otherPartition),
    ...indexes.map(({ name: name2, partitionKey }) => items.query(table2, pick(first.item, partitionKey), name2))
  ]));
}
async function settleAll(works) {
  const settled = await Promise.allSettled(works);
  const failed2 = settled.find((each) => each.status === "rejected");
  if (failed2 !== void 0)
    throw failed2.reason;
}
async function write(items, sample) {
  const { of, item } = sample;
  assertShape(of, item);
  sample.state = "unknown";
  try {
    const written = await items.putIfAbsent(of.table, item, of.partitionKey);
    if (!written.isOutcomeUnknown)
      sample.state = "written";
  } catch (error) {
    if (!(0,MHPL2HJH/* isOutcomeUnknown */.B1)(error))
      sample.state = "unsent";
    const isOwn = error instanceof DynamoDbError && error.code === "ConditionalCheckFailedException";
    if (!isOwn || sample.state === "unsent")
      throw error;
  }
}
async function assertFound(items, tables) {
  await Promise.all(tables.map(async (of) => {
    const { table: table2, samples, partitionKey, otherPartition } = of;
    const partition2 = pick(samples[0]?.item ?? {}, [partitionKey]);
    const [ofPartition, ofOtherPartition, ...read] = await Promise.all([
      items.query(table2, partition2),
      items.query(table2, otherPartition),
      ...samples.map(({ key }) => items.get(table2, key))
    ]);
    const written = samples.map(({ item }) => item);
    assertSame(`all items of "${table2}" with ${renderItem(partition2)}`, ofPartition, written);
    assertSame(`all items of "${table2}" with another ${partitionKey}`, ofOtherPartition, []);
    for (const [index, { item, key }] of samples.entries()) {
      const found = read[index] ?? {};
      assertSame(`the item ${renderItem(key)} of "${table2}"`, [found], [item]);
      assertShape(of, found);
    }
  }));
}
var longestIndexLag = 60;
async function assertIndexed(items, tables, run) {
  const queries = tables.flatMap(({ table: table2, indexes, samples }) => indexes.flatMap((index) => samples.map((sample) => ({ table: table2, ...index, ...sample }))));
  await Promise.all(queries.map(async ({ table: table2, name: name2, partitionKey, item, key }) => {
    const sample = `the item ${renderItem(key)} of "${table2}"`;
    await poll({
      goal: `${sample} to appear in its index "${name2}"`,
      firstPoll: 0,
      timeout: longestIndexLag,
      explainTimeout: () => new MHPL2HJH/* RemedyError */.By(`A Query on the index "${name2}" does not find ${sample}.`, "Run again. If the index still does not show the item, report it to AWS.")
    }, run, async () => {
      const shown = await items.query(table2, pick(item, partitionKey), name2);
      const isShown = shown.some((each) => renderItem(pick(each, Object.keys(key))) === renderItem(key));
      return isShown ? { done: void 0 } : { status: "not there yet" };
    });
  }));
}
function assertSame(name2, found, expected) {
  if (comparable(found) === comparable(expected))
    return;
  const shown = (items) => (0,MHPL2HJH/* shorten */.ml)(`[${items.map(renderItem).join(",")}]`);
  throw new MHPL2HJH/* RemedyError */.By(`The response for ${name2} does not match what was written: expected ${shown(expected)}, found ${shown(found)}.`, "Find out what else writes into this table, such as a stream or a trigger, then run again.");
}
function comparable(items) {
  return items.map((item) => renderItem(pick(item, Object.keys(item).sort()))).sort().join();
}
function assertShape({ kind }, item) {
  const problems = kind === void 0 ? [] : problemsOfItem(kind, item);
  if (problems.length === 0)
    return;
  throw new MHPL2HJH/* RemedyError */.By(`An item of ${kind} does not have the shape of docs/schemas: ${problems.join("; ")}.`, "This is a mistake of the action. Please report it.");
}
async function deleteAll(items, samples) {
  const left = await Promise.all(samples.filter(({ state }) => state !== "unsent").map(async (sample) => {
    const { key, state } = sample;
    const { table: table2 } = sample.of;
    try {
      await items.delete(table2, key);
      if (state === "unknown" && await items.get(table2, key) !== void 0)
        await items.delete(table2, key);
      return [];
    } catch (error) {
      return [{ sample, error }];
    }
  }));
  return left.flat();
}
function nameSample({ of, key }) {
  return `${renderItem(key)} in "${of.table}"`;
}
function warnOfLateWrite(sample) {
  return `A write of the sample item ${nameSample(sample)} has no response. Delete the item by hand if that write arrives after the deletion.`;
}
function explainLeftItems(left, failure, isNothingElseLeft) {
  const cause = left[0]?.error;
  const described = (failure === void 0 ? [cause] : [cause, failure]).map(CPBUXW7X/* describeError */.Uc);
  const remedies3 = new Set(described.flatMap(({ remedy = "" }) => remedy === "" ? [] : [remedy]));
  return new MHPL2HJH/* RemedyError */.By(`${failure === void 0 ? "" : `${describeWithCause(failure)} `}Sample items could not be deleted: ${left.map(({ sample }) => nameSample(sample)).join("; ")}.`, ["Delete these items by hand.", ...isNothingElseLeft ? ["Nothing else was left behind."] : [], ...remedies3].join(" "), { cause, statements: [...new Set(described.flatMap(({ statements }) => statements))] });
}
function describeWithCause(error) {
  const { message, causes } = (0,CPBUXW7X/* describeError */.Uc)(error);
  return causes[0] === void 0 || error instanceof MHPL2HJH/* StoppedError */.Ko ? message : `${message} (${causes[0]})`;
}

// node_modules/@aws-sdk/client-sts/dist-es/endpoint/bdd.js
var q = "ref";
var a = -1;
var b = true;
var c = "isSet";
var d = "PartitionResult";
var e = "booleanEquals";
var f = "stringEquals";
var g = "getAttr";
var h = "us-east-1";
var i = "sigv4";
var j = "sts";
var k = "https://sts.{Region}.{PartitionResult#dnsSuffix}";
var l = { [q]: "Endpoint" };
var m = { [q]: "Region" };
var n = { [q]: d };
var o = {};
var p = [m];
var _data = {
  conditions: [
    [c, [l]],
    [c, p],
    ["aws.partition", p, d],
    [e, [{ [q]: "UseFIPS" }, b]],
    [e, [{ [q]: "UseDualStack" }, b]],
    [f, [m, "aws-global"]],
    [e, [{ [q]: "UseGlobalEndpoint" }, b]],
    [f, [m, "eu-central-1"]],
    [e, [{ fn: g, argv: [n, "supportsDualStack"] }, b]],
    [e, [{ fn: g, argv: [n, "supportsFIPS"] }, b]],
    [f, [m, "ap-south-1"]],
    [f, [m, "eu-north-1"]],
    [f, [m, "eu-west-1"]],
    [f, [m, "eu-west-2"]],
    [f, [m, "eu-west-3"]],
    [f, [m, "sa-east-1"]],
    [f, [m, h]],
    [f, [m, "us-east-2"]],
    [f, [m, "us-west-2"]],
    [f, [m, "us-west-1"]],
    [f, [m, "ca-central-1"]],
    [f, [m, "ap-southeast-1"]],
    [f, [m, "ap-northeast-1"]],
    [f, [m, "ap-southeast-2"]],
    [f, [{ fn: g, argv: [n, "name"] }, "aws-us-gov"]]
  ],
  results: [
    [a],
    ["https://sts.amazonaws.com", { authSchemes: [{ name: i, signingName: j, signingRegion: h }] }],
    [k, { authSchemes: [{ name: i, signingName: j, signingRegion: "{Region}" }] }],
    [a, "Invalid Configuration: FIPS and custom endpoint are not supported"],
    [a, "Invalid Configuration: Dualstack and custom endpoint are not supported"],
    [l, o],
    ["https://sts-fips.{Region}.{PartitionResult#dualStackDnsSuffix}", o],
    [a, "FIPS and DualStack are enabled, but this partition does not support one or both"],
    ["https://sts.{Region}.amazonaws.com", o],
    ["https://sts-fips.{Region}.{PartitionResult#dnsSuffix}", o],
    [a, "FIPS is enabled but this partition does not support FIPS"],
    ["https://sts.{Region}.{PartitionResult#dualStackDnsSuffix}", o],
    [a, "DualStack is enabled but this partition does not support DualStack"],
    [k, o],
    [a, "Invalid Configuration: Missing Region"]
  ]
};
var root = 2;
var r = 1e8;
var nodes = new Int32Array([
  -1,
  1,
  -1,
  0,
  30,
  3,
  1,
  4,
  r + 14,
  2,
  5,
  r + 14,
  3,
  25,
  6,
  4,
  24,
  7,
  5,
  r + 1,
  8,
  6,
  9,
  r + 13,
  7,
  r + 1,
  10,
  10,
  r + 1,
  11,
  11,
  r + 1,
  12,
  12,
  r + 1,
  13,
  13,
  r + 1,
  14,
  14,
  r + 1,
  15,
  15,
  r + 1,
  16,
  16,
  r + 1,
  17,
  17,
  r + 1,
  18,
  18,
  r + 1,
  19,
  19,
  r + 1,
  20,
  20,
  r + 1,
  21,
  21,
  r + 1,
  22,
  22,
  r + 1,
  23,
  23,
  r + 1,
  r + 2,
  8,
  r + 11,
  r + 12,
  4,
  28,
  26,
  9,
  27,
  r + 10,
  24,
  r + 8,
  r + 9,
  8,
  29,
  r + 7,
  9,
  r + 6,
  r + 7,
  3,
  r + 3,
  31,
  4,
  r + 4,
  r + 5
]);
var bdd = SHMGWSW7/* BinaryDecisionDiagram */.d5.from(nodes, root, _data.conditions, _data.results);

// node_modules/@aws-sdk/client-sts/dist-es/endpoint/endpointResolver.js
var cache = new SHMGWSW7/* EndpointCache */.kS({
  size: 50,
  params: ["Endpoint", "Region", "UseDualStack", "UseFIPS", "UseGlobalEndpoint"]
});
var defaultEndpointResolver = (endpointParams, context = {}) => {
  return cache.get(endpointParams, () => (0,SHMGWSW7/* decideEndpoint */.cH)(bdd, {
    endpointParams,
    logger: context.logger
  }));
};
SHMGWSW7/* customEndpointFunctions */.mw.aws = SHMGWSW7/* awsEndpointFunctions */.UF;

// node_modules/@aws-sdk/client-sts/dist-es/auth/httpAuthSchemeProvider.js
var createEndpointRuleSetHttpAuthSchemeParametersProvider = (defaultHttpAuthSchemeParametersProvider) => async (config, context, input) => {
  if (!input) {
    throw new Error("Could not find `input` for `defaultEndpointRuleSetHttpAuthSchemeParametersProvider`");
  }
  const defaultParameters = await defaultHttpAuthSchemeParametersProvider(config, context, input);
  const instructionsFn = (0,J6MMM3TS/* getSmithyContext */.ug)(context)?.commandInstance?.constructor?.getEndpointParameterInstructions;
  if (!instructionsFn) {
    throw new Error(`getEndpointParameterInstructions() is not defined on '${context.commandName}'`);
  }
  const endpointParameters = await (0,SHMGWSW7/* resolveParams */.xg)(input, { getEndpointParameterInstructions: instructionsFn }, config);
  return Object.assign(defaultParameters, endpointParameters);
};
var _defaultSTSHttpAuthSchemeParametersProvider = async (config, context, input) => {
  return {
    operation: (0,J6MMM3TS/* getSmithyContext */.ug)(context).operation,
    region: await (0,J6MMM3TS/* normalizeProvider */.te)(config.region)() || (() => {
      throw new Error("expected `region` to be configured for `aws.auth#sigv4`");
    })()
  };
};
var defaultSTSHttpAuthSchemeParametersProvider = createEndpointRuleSetHttpAuthSchemeParametersProvider(_defaultSTSHttpAuthSchemeParametersProvider);
function createAwsAuthSigv4HttpAuthOption(authParameters) {
  return {
    schemeId: "aws.auth#sigv4",
    signingProperties: {
      name: "sts",
      region: authParameters.region
    },
    propertiesExtractor: (config, context) => ({
      signingProperties: {
        config,
        context
      }
    })
  };
}
function createAwsAuthSigv4aHttpAuthOption(authParameters) {
  return {
    schemeId: "aws.auth#sigv4a",
    signingProperties: {
      name: "sts",
      region: authParameters.region
    },
    propertiesExtractor: (config, context) => ({
      signingProperties: {
        config,
        context
      }
    })
  };
}
function createSmithyApiNoAuthHttpAuthOption(authParameters) {
  return {
    schemeId: "smithy.api#noAuth"
  };
}
var createEndpointRuleSetHttpAuthSchemeProvider = (defaultEndpointResolver2, defaultHttpAuthSchemeResolver, createHttpAuthOptionFunctions) => {
  const endpointRuleSetHttpAuthSchemeProvider = (authParameters) => {
    const endpoint = defaultEndpointResolver2(authParameters);
    const authSchemes = endpoint.properties?.authSchemes;
    if (!authSchemes) {
      return defaultHttpAuthSchemeResolver(authParameters);
    }
    const options = [];
    for (const scheme of authSchemes) {
      const { name: resolvedName, properties: properties2 = {}, ...rest } = scheme;
      const name2 = resolvedName.toLowerCase();
      if (resolvedName !== name2) {
        console.warn(`HttpAuthScheme has been normalized with lowercasing: '${resolvedName}' to '${name2}'`);
      }
      let schemeId;
      if (name2 === "sigv4a") {
        schemeId = "aws.auth#sigv4a";
        const sigv4Present = authSchemes.find((s) => {
          const name3 = s.name.toLowerCase();
          return name3 !== "sigv4a" && name3.startsWith("sigv4");
        });
        if (HV2BTQ4E/* SignatureV4MultiRegion */.W.sigv4aDependency() === "none" && sigv4Present) {
          continue;
        }
      } else if (name2.startsWith("sigv4")) {
        schemeId = "aws.auth#sigv4";
      } else {
        throw new Error(`Unknown HttpAuthScheme found in '@smithy.rules#endpointRuleSet': '${name2}'`);
      }
      const createOption = createHttpAuthOptionFunctions[schemeId];
      if (!createOption) {
        throw new Error(`Could not find HttpAuthOption create function for '${schemeId}'`);
      }
      const option = createOption(authParameters);
      option.schemeId = schemeId;
      option.signingProperties = { ...option.signingProperties || {}, ...rest, ...properties2 };
      options.push(option);
    }
    return options;
  };
  return endpointRuleSetHttpAuthSchemeProvider;
};
var _defaultSTSHttpAuthSchemeProvider = (authParameters) => {
  const options = [];
  switch (authParameters.operation) {
    case "AssumeRoleWithSAML": {
      options.push(createSmithyApiNoAuthHttpAuthOption(authParameters));
      options.push(createAwsAuthSigv4aHttpAuthOption(authParameters));
      break;
    }
    case "AssumeRoleWithWebIdentity": {
      options.push(createSmithyApiNoAuthHttpAuthOption(authParameters));
      options.push(createAwsAuthSigv4aHttpAuthOption(authParameters));
      break;
    }
    default: {
      options.push(createAwsAuthSigv4HttpAuthOption(authParameters));
      options.push(createAwsAuthSigv4aHttpAuthOption(authParameters));
    }
  }
  return options;
};
var defaultSTSHttpAuthSchemeProvider = createEndpointRuleSetHttpAuthSchemeProvider(defaultEndpointResolver, _defaultSTSHttpAuthSchemeProvider, {
  "aws.auth#sigv4": createAwsAuthSigv4HttpAuthOption,
  "aws.auth#sigv4a": createAwsAuthSigv4aHttpAuthOption,
  "smithy.api#noAuth": createSmithyApiNoAuthHttpAuthOption
});
var resolveHttpAuthSchemeConfig = (config) => {
  const config_0 = (0,BWTDZD6W/* resolveAwsSdkSigV4Config */.ho)(config);
  const config_1 = (0,BWTDZD6W/* resolveAwsSdkSigV4AConfig */.Oy)(config_0);
  return Object.assign(config_1, {
    authSchemePreference: (0,J6MMM3TS/* normalizeProvider */.te)(config.authSchemePreference ?? [])
  });
};

// node_modules/@aws-sdk/client-sts/dist-es/endpoint/EndpointParameters.js
var resolveClientEndpointParameters = (options) => {
  return Object.assign(options, {
    useDualstackEndpoint: options.useDualstackEndpoint ?? false,
    useFipsEndpoint: options.useFipsEndpoint ?? false,
    useGlobalEndpoint: options.useGlobalEndpoint ?? false,
    defaultSigningName: "sts"
  });
};
var commonParams = {
  UseGlobalEndpoint: { type: "builtInParams", name: "useGlobalEndpoint" },
  UseFIPS: { type: "builtInParams", name: "useFipsEndpoint" },
  Endpoint: { type: "builtInParams", name: "endpoint" },
  Region: { type: "builtInParams", name: "region" },
  UseDualStack: { type: "builtInParams", name: "useDualstackEndpoint" }
};

// node_modules/@aws-sdk/client-sts/package.json
var package_default = {
  name: "@aws-sdk/client-sts",
  version: "3.1164.0",
  description: "AWS SDK for JavaScript Sts Client for Node.js, Browser and React Native",
  homepage: "https://github.com/aws/aws-sdk-js-v3/tree/main/clients/client-sts",
  license: "Apache-2.0",
  author: {
    name: "AWS SDK for JavaScript Team",
    url: "https://aws.amazon.com/sdk-for-javascript/"
  },
  repository: {
    type: "git",
    url: "https://github.com/aws/aws-sdk-js-v3.git",
    directory: "clients/client-sts"
  },
  files: [
    "dist-*/**"
  ],
  sideEffects: false,
  main: "./dist-cjs/index.js",
  module: "./dist-es/index.js",
  browser: {
    "./dist-es/runtimeConfig": "./dist-es/runtimeConfig.browser"
  },
  types: "./dist-types/index.d.ts",
  typesVersions: {
    "<4.5": {
      "dist-types/*": [
        "dist-types/ts3.4/*"
      ]
    }
  },
  "react-native": {
    "./dist-es/runtimeConfig": "./dist-es/runtimeConfig.native"
  },
  scripts: {
    build: "concurrently 'yarn:build:types' 'yarn:build:es' && yarn build:cjs",
    "build:cjs": "node ../../scripts/compilation/inline",
    "build:es": "premove dist-es && tsc -p tsconfig.es.json",
    "build:include:deps": 'yarn g:turbo run build -F="$npm_package_name"',
    "build:types": "premove dist-types && tsc -p tsconfig.types.json",
    "build:types:downlevel": "downlevel-dts dist-types dist-types/ts3.4",
    clean: "premove dist-cjs dist-es dist-types",
    "extract:docs": "api-extractor run --local",
    "generate:client": "node ../../scripts/generate-clients/single-service",
    test: "yarn g:vitest run --passWithNoTests",
    "test:watch": "yarn g:vitest watch --passWithNoTests",
    "test:integration": "yarn g:vitest run --passWithNoTests -c vitest.config.integ.mts",
    "test:integration:watch": "yarn g:vitest watch --passWithNoTests -c vitest.config.integ.mts",
    "test:e2e": "yarn g:vitest run -c vitest.config.e2e.mts",
    "test:e2e:watch": "yarn g:vitest watch -c vitest.config.e2e.mts",
    "test:index": "tsc -p tsconfig.test.json && node ./test/index-objects.spec.mjs"
  },
  dependencies: {
    "@aws-sdk/core": "^3.980.1",
    "@aws-sdk/credential-provider-node": "^3.972.94",
    "@aws-sdk/signature-v4-multi-region": "^3.996.51",
    "@aws-sdk/types": "^3.975.0",
    "@smithy/core": "^3.38.0",
    "@smithy/fetch-http-handler": "^5.8.0",
    "@smithy/node-http-handler": "^4.14.0",
    "@smithy/types": "^4.19.0",
    tslib: "^2.6.2"
  },
  devDependencies: {
    "@smithy/snapshot-testing": "^2.4.0",
    "@tsconfig/node20": "20.1.8",
    "@types/node": "^20.14.8",
    concurrently: "7.0.0",
    "downlevel-dts": "0.10.1",
    premove: "4.0.0",
    typescript: "~7.0.2",
    vitest: "^4.0.17"
  },
  engines: {
    node: ">=20.0.0"
  }
};

// node_modules/@aws-sdk/client-sts/dist-es/models/STSServiceException.js
var STSServiceException = class _STSServiceException extends SHMGWSW7/* ServiceException */.TJ {
  static shapeId = "smithy.ts.sdk.synthetic.com.amazonaws.sts#STSServiceException";
  constructor(options) {
    super(options);
    Object.setPrototypeOf(this, _STSServiceException.prototype);
  }
};

// node_modules/@aws-sdk/client-sts/dist-es/models/errors.js
var ExpiredTokenException = class _ExpiredTokenException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#ExpiredTokenException";
  name = "ExpiredTokenException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "ExpiredTokenException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _ExpiredTokenException.prototype);
  }
};
var MalformedPolicyDocumentException = class _MalformedPolicyDocumentException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#MalformedPolicyDocumentException";
  name = "MalformedPolicyDocumentException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "MalformedPolicyDocumentException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _MalformedPolicyDocumentException.prototype);
  }
};
var PackedPolicyTooLargeException = class _PackedPolicyTooLargeException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#PackedPolicyTooLargeException";
  name = "PackedPolicyTooLargeException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "PackedPolicyTooLargeException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _PackedPolicyTooLargeException.prototype);
  }
};
var RegionDisabledException = class _RegionDisabledException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#RegionDisabledException";
  name = "RegionDisabledException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "RegionDisabledException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _RegionDisabledException.prototype);
  }
};
var IDPRejectedClaimException = class _IDPRejectedClaimException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#IDPRejectedClaimException";
  name = "IDPRejectedClaimException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "IDPRejectedClaimException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _IDPRejectedClaimException.prototype);
  }
};
var InvalidIdentityTokenException = class _InvalidIdentityTokenException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#InvalidIdentityTokenException";
  name = "InvalidIdentityTokenException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "InvalidIdentityTokenException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _InvalidIdentityTokenException.prototype);
  }
};
var IDPCommunicationErrorException = class _IDPCommunicationErrorException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#IDPCommunicationErrorException";
  name = "IDPCommunicationErrorException";
  $fault = "client";
  $retryable = {};
  constructor(opts) {
    super({
      name: "IDPCommunicationErrorException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _IDPCommunicationErrorException.prototype);
  }
};
var InvalidAuthorizationMessageException = class _InvalidAuthorizationMessageException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#InvalidAuthorizationMessageException";
  name = "InvalidAuthorizationMessageException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "InvalidAuthorizationMessageException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _InvalidAuthorizationMessageException.prototype);
  }
};
var ExpiredTradeInTokenException = class _ExpiredTradeInTokenException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#ExpiredTradeInTokenException";
  name = "ExpiredTradeInTokenException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "ExpiredTradeInTokenException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _ExpiredTradeInTokenException.prototype);
  }
};
var JWTPayloadSizeExceededException = class _JWTPayloadSizeExceededException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#JWTPayloadSizeExceededException";
  name = "JWTPayloadSizeExceededException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "JWTPayloadSizeExceededException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _JWTPayloadSizeExceededException.prototype);
  }
};
var OutboundWebIdentityFederationDisabledException = class _OutboundWebIdentityFederationDisabledException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#OutboundWebIdentityFederationDisabledException";
  name = "OutboundWebIdentityFederationDisabledException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "OutboundWebIdentityFederationDisabledException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _OutboundWebIdentityFederationDisabledException.prototype);
  }
};
var SessionDurationEscalationException = class _SessionDurationEscalationException extends STSServiceException {
  static shapeId = "com.amazonaws.sts#SessionDurationEscalationException";
  name = "SessionDurationEscalationException";
  $fault = "client";
  constructor(opts) {
    super({
      name: "SessionDurationEscalationException",
      $fault: "client",
      ...opts
    });
    Object.setPrototypeOf(this, _SessionDurationEscalationException.prototype);
  }
};

// node_modules/@aws-sdk/client-sts/dist-es/schemas/schemas_0.js
var _A = "Arn";
var _AKI = "AccessKeyId";
var _AR = "AssumeRole";
var _ARI = "AssumedRoleId";
var _ARR = "AssumeRoleRequest";
var _ARRs = "AssumeRoleResponse";
var _ARU = "AssumedRoleUser";
var _ARWWI = "AssumeRoleWithWebIdentity";
var _ARWWIR = "AssumeRoleWithWebIdentityRequest";
var _ARWWIRs = "AssumeRoleWithWebIdentityResponse";
var _Ac = "Account";
var _Au = "Audience";
var _C = "Credentials";
var _CA = "ContextAssertion";
var _DS = "DurationSeconds";
var _E = "Expiration";
var _EI = "ExternalId";
var _ETE = "ExpiredTokenException";
var _ETITE = "ExpiredTradeInTokenException";
var _GCI = "GetCallerIdentity";
var _GCIR = "GetCallerIdentityRequest";
var _GCIRe = "GetCallerIdentityResponse";
var _GWITR = "GetWebIdentityTokenRequest";
var _IAME = "InvalidAuthorizationMessageException";
var _IDPCEE = "IDPCommunicationErrorException";
var _IDPRCE = "IDPRejectedClaimException";
var _IITE = "InvalidIdentityTokenException";
var _JWTPSEE = "JWTPayloadSizeExceededException";
var _K = "Key";
var _MPDE = "MalformedPolicyDocumentException";
var _MSTS = "MinimumSessionTokenSize";
var _OWIFDE = "OutboundWebIdentityFederationDisabledException";
var _P = "Policy";
var _PA = "PolicyArns";
var _PAro = "ProviderArn";
var _PC = "ProvidedContexts";
var _PCLT = "ProvidedContextsListType";
var _PCr = "ProvidedContext";
var _PDT = "PolicyDescriptorType";
var _PI = "ProviderId";
var _PPS = "PackedPolicySize";
var _PPTLE = "PackedPolicyTooLargeException";
var _Pr = "Provider";
var _RA = "RoleArn";
var _RDE = "RegionDisabledException";
var _RSN = "RoleSessionName";
var _SA = "SigningAlgorithm";
var _SAK = "SecretAccessKey";
var _SDEE = "SessionDurationEscalationException";
var _SFWIT = "SubjectFromWebIdentityToken";
var _SI = "SourceIdentity";
var _SN = "SerialNumber";
var _STS = "SessionTokenSize";
var _STU = "SessionTokenUtilization";
var _STe = "SessionToken";
var _T = "Tags";
var _TC = "TokenCode";
var _TTK = "TransitiveTagKeys";
var _Ta = "Tag";
var _UI = "UserId";
var _V = "Value";
var _WIT = "WebIdentityToken";
var _a = "arn";
var _aKST = "accessKeySecretType";
var _aQE = "awsQueryError";
var _c = "client";
var _cTT = "clientTokenType";
var _e = "error";
var _hE = "httpError";
var _m = "message";
var _pDLT = "policyDescriptorListType";
var _s = "smithy.ts.sdk.synthetic.com.amazonaws.sts";
var _tLT = "tagListType";
var n0 = "com.amazonaws.sts";
var _s_registry = new J6MMM3TS/* TypeRegistry */.OF(_s);
var STSServiceException$ = [-3, _s, "STSServiceException", 0, [], []];
_s_registry.registerError(STSServiceException$, STSServiceException);
var n0_registry = new J6MMM3TS/* TypeRegistry */.OF(n0);
var ExpiredTokenException$ = [
  -3,
  n0,
  _ETE,
  { [_aQE]: [`ExpiredTokenException`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(ExpiredTokenException$, ExpiredTokenException);
var ExpiredTradeInTokenException$ = [
  -3,
  n0,
  _ETITE,
  { [_aQE]: [`ExpiredTradeInTokenException`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(ExpiredTradeInTokenException$, ExpiredTradeInTokenException);
var IDPCommunicationErrorException$ = [
  -3,
  n0,
  _IDPCEE,
  { [_aQE]: [`IDPCommunicationError`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(IDPCommunicationErrorException$, IDPCommunicationErrorException);
var IDPRejectedClaimException$ = [
  -3,
  n0,
  _IDPRCE,
  { [_aQE]: [`IDPRejectedClaim`, 403], [_e]: _c, [_hE]: 403 },
  [_m],
  [0]
];
n0_registry.registerError(IDPRejectedClaimException$, IDPRejectedClaimException);
var InvalidAuthorizationMessageException$ = [
  -3,
  n0,
  _IAME,
  { [_aQE]: [`InvalidAuthorizationMessageException`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(InvalidAuthorizationMessageException$, InvalidAuthorizationMessageException);
var InvalidIdentityTokenException$ = [
  -3,
  n0,
  _IITE,
  { [_aQE]: [`InvalidIdentityToken`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(InvalidIdentityTokenException$, InvalidIdentityTokenException);
var JWTPayloadSizeExceededException$ = [
  -3,
  n0,
  _JWTPSEE,
  { [_aQE]: [`JWTPayloadSizeExceededException`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(JWTPayloadSizeExceededException$, JWTPayloadSizeExceededException);
var MalformedPolicyDocumentException$ = [
  -3,
  n0,
  _MPDE,
  { [_aQE]: [`MalformedPolicyDocument`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(MalformedPolicyDocumentException$, MalformedPolicyDocumentException);
var OutboundWebIdentityFederationDisabledException$ = [
  -3,
  n0,
  _OWIFDE,
  { [_aQE]: [`OutboundWebIdentityFederationDisabledException`, 403], [_e]: _c, [_hE]: 403 },
  [_m],
  [0]
];
n0_registry.registerError(OutboundWebIdentityFederationDisabledException$, OutboundWebIdentityFederationDisabledException);
var PackedPolicyTooLargeException$ = [
  -3,
  n0,
  _PPTLE,
  { [_aQE]: [`PackedPolicyTooLarge`, 400], [_e]: _c, [_hE]: 400 },
  [_m],
  [0]
];
n0_registry.registerError(PackedPolicyTooLargeException$, PackedPolicyTooLargeException);
var RegionDisabledException$ = [
  -3,
  n0,
  _RDE,
  { [_aQE]: [`RegionDisabledException`, 403], [_e]: _c, [_hE]: 403 },
  [_m],
  [0]
];
n0_registry.registerError(RegionDisabledException$, RegionDisabledException);
var SessionDurationEscalationException$ = [
  -3,
  n0,
  _SDEE,
  { [_aQE]: [`SessionDurationEscalationException`, 403], [_e]: _c, [_hE]: 403 },
  [_m],
  [0]
];
n0_registry.registerError(SessionDurationEscalationException$, SessionDurationEscalationException);
var errorTypeRegistries = [
  _s_registry,
  n0_registry
];
var accessKeySecretType = [0, n0, _aKST, 8, 0];
var clientTokenType = [0, n0, _cTT, 8, 0];
var AssumedRoleUser$ = [
  3,
  n0,
  _ARU,
  0,
  [_ARI, _A],
  [0, 0],
  2
];
var AssumeRoleRequest$ = [
  3,
  n0,
  _ARR,
  0,
  [_RA, _RSN, _PA, _P, _DS, _T, _TTK, _EI, _SN, _TC, _SI, _PC, _MSTS],
  [0, 0, () => policyDescriptorListType, 0, 1, () => tagListType, 64 | 0, 0, 0, 0, 0, () => ProvidedContextsListType, 1],
  2
];
var AssumeRoleResponse$ = [
  3,
  n0,
  _ARRs,
  0,
  [_C, _ARU, _PPS, _SI, _STU, _STS],
  [[() => Credentials$, 0], () => AssumedRoleUser$, 1, 0, 1, 1]
];
var AssumeRoleWithWebIdentityRequest$ = [
  3,
  n0,
  _ARWWIR,
  0,
  [_RA, _RSN, _WIT, _PI, _PA, _P, _DS, _MSTS],
  [0, 0, [() => clientTokenType, 0], 0, () => policyDescriptorListType, 0, 1, 1],
  3
];
var AssumeRoleWithWebIdentityResponse$ = [
  3,
  n0,
  _ARWWIRs,
  0,
  [_C, _SFWIT, _ARU, _PPS, _Pr, _Au, _SI, _STU, _STS],
  [[() => Credentials$, 0], 0, () => AssumedRoleUser$, 1, 0, 0, 0, 1, 1]
];
var Credentials$ = [
  3,
  n0,
  _C,
  0,
  [_AKI, _SAK, _STe, _E],
  [0, [() => accessKeySecretType, 0], 0, 4],
  4
];
var GetCallerIdentityRequest$ = [
  3,
  n0,
  _GCIR,
  0,
  [],
  []
];
var GetCallerIdentityResponse$ = [
  3,
  n0,
  _GCIRe,
  0,
  [_UI, _Ac, _A],
  [0, 0, 0]
];
var GetWebIdentityTokenRequest$ = [
  3,
  n0,
  _GWITR,
  0,
  [_Au, _SA, _DS, _T],
  [64 | 0, 0, 1, () => tagListType],
  2
];
var PolicyDescriptorType$ = [
  3,
  n0,
  _PDT,
  0,
  [_a],
  [0]
];
var ProvidedContext$ = [
  3,
  n0,
  _PCr,
  0,
  [_PAro, _CA],
  [0, 0]
];
var Tag$ = [
  3,
  n0,
  _Ta,
  0,
  [_K, _V],
  [0, 0],
  2
];
var policyDescriptorListType = [
  1,
  n0,
  _pDLT,
  0,
  () => PolicyDescriptorType$
];
var ProvidedContextsListType = [
  1,
  n0,
  _PCLT,
  0,
  () => ProvidedContext$
];
var tagKeyListType = (/* unused pure expression or super */ null && (64 | 0));
var tagListType = [
  1,
  n0,
  _tLT,
  0,
  () => Tag$
];
var webIdentityTokenAudienceListType = (/* unused pure expression or super */ null && (64 | 0));
var AssumeRole$ = [
  9,
  n0,
  _AR,
  0,
  () => AssumeRoleRequest$,
  () => AssumeRoleResponse$
];
var AssumeRoleWithWebIdentity$ = [
  9,
  n0,
  _ARWWI,
  0,
  () => AssumeRoleWithWebIdentityRequest$,
  () => AssumeRoleWithWebIdentityResponse$
];
var GetCallerIdentity$ = [
  9,
  n0,
  _GCI,
  0,
  () => GetCallerIdentityRequest$,
  () => GetCallerIdentityResponse$
];

// node_modules/@aws-sdk/client-sts/dist-es/runtimeConfig.shared.js
var getRuntimeConfig = (config) => {
  return {
    apiVersion: "2011-06-15",
    base64Decoder: config?.base64Decoder ?? J6MMM3TS/* fromBase64 */.Ey,
    base64Encoder: config?.base64Encoder ?? J6MMM3TS/* toBase64 */.nk,
    disableHostPrefix: config?.disableHostPrefix ?? false,
    endpointProvider: config?.endpointProvider ?? defaultEndpointResolver,
    extensions: config?.extensions ?? [],
    httpAuthSchemeProvider: config?.httpAuthSchemeProvider ?? defaultSTSHttpAuthSchemeProvider,
    httpAuthSchemes: config?.httpAuthSchemes ?? [
      {
        schemeId: "aws.auth#sigv4",
        identityProvider: (ipc) => ipc.getIdentityProvider("aws.auth#sigv4"),
        signer: new BWTDZD6W/* AwsSdkSigV4Signer */.f2()
      },
      {
        schemeId: "aws.auth#sigv4a",
        identityProvider: (ipc) => ipc.getIdentityProvider("aws.auth#sigv4a"),
        signer: new BWTDZD6W/* AwsSdkSigV4ASigner */.S1()
      },
      {
        schemeId: "smithy.api#noAuth",
        identityProvider: (ipc) => ipc.getIdentityProvider("smithy.api#noAuth") || (async () => ({})),
        signer: new SHMGWSW7/* NoAuthSigner */.mR()
      }
    ],
    logger: config?.logger ?? new SHMGWSW7/* NoOpLogger */.N4(),
    protocol: config?.protocol ?? BWTDZD6W/* AwsQueryProtocol */.kE,
    protocolSettings: config?.protocolSettings ?? {
      defaultNamespace: "com.amazonaws.sts",
      errorTypeRegistries,
      xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
      version: "2011-06-15",
      serviceTarget: "AWSSecurityTokenServiceV20110615"
    },
    serviceId: config?.serviceId ?? "STS",
    sha256: config?.sha256 ?? BZH4IQL2/* Sha256Node */.T,
    signerConstructor: config?.signerConstructor ?? HV2BTQ4E/* SignatureV4MultiRegion */.W,
    urlParser: config?.urlParser ?? J6MMM3TS/* parseUrl */.Dl,
    utf8Decoder: config?.utf8Decoder ?? J6MMM3TS/* fromUtf8 */.ar,
    utf8Encoder: config?.utf8Encoder ?? J6MMM3TS/* toUtf8 */.Pq
  };
};

// node_modules/@aws-sdk/client-sts/dist-es/runtimeConfig.js
var getRuntimeConfig2 = (config) => {
  (0,SHMGWSW7/* emitWarningIfUnsupportedVersion */.I9)(process.version);
  const defaultsMode = (0,Q4FG57VT/* resolveDefaultsModeConfig */.IZ)(config);
  const defaultConfigProvider = () => defaultsMode().then(SHMGWSW7/* loadConfigsForDefaultMode */.lT);
  const clientSharedValues = getRuntimeConfig(config);
  (0,SHMGWSW7/* emitWarningIfUnsupportedVersion2 */.o_)(process.version);
  const loaderConfig = {
    profile: config?.profile,
    logger: clientSharedValues.logger
  };
  return {
    ...clientSharedValues,
    ...config,
    runtime: "node",
    defaultsMode,
    authSchemePreference: config?.authSchemePreference ?? (0,Q4FG57VT/* loadConfig */.Z9)(BWTDZD6W/* NODE_AUTH_SCHEME_PREFERENCE_OPTIONS */.$S, loaderConfig),
    bodyLengthChecker: config?.bodyLengthChecker ?? J6MMM3TS/* calculateBodyLength */.n8,
    credentialDefaultProvider: config?.credentialDefaultProvider ?? IR5HTW56/* defaultProvider */.v,
    defaultSocketTimeout: (0,SHMGWSW7/* getDefaultSocketTimeout */.ED)(config?.requestHandler, 3e5),
    defaultUserAgentProvider: config?.defaultUserAgentProvider ?? (0,SHMGWSW7/* createDefaultUserAgentProvider */.pf)({ serviceId: clientSharedValues.serviceId, clientVersion: package_default.version }),
    httpAuthSchemes: config?.httpAuthSchemes ?? [
      {
        schemeId: "aws.auth#sigv4",
        identityProvider: (ipc) => ipc.getIdentityProvider("aws.auth#sigv4") || (async (idProps) => await (0,IR5HTW56/* defaultProvider */.v)(idProps?.__config || {})()),
        signer: new BWTDZD6W/* AwsSdkSigV4Signer */.f2()
      },
      {
        schemeId: "aws.auth#sigv4a",
        identityProvider: (ipc) => ipc.getIdentityProvider("aws.auth#sigv4a"),
        signer: new BWTDZD6W/* AwsSdkSigV4ASigner */.S1()
      },
      {
        schemeId: "smithy.api#noAuth",
        identityProvider: (ipc) => ipc.getIdentityProvider("smithy.api#noAuth") || (async () => ({})),
        signer: new SHMGWSW7/* NoAuthSigner */.mR()
      }
    ],
    maxAttempts: config?.maxAttempts ?? (0,Q4FG57VT/* loadConfig */.Z9)(SHMGWSW7/* NODE_MAX_ATTEMPT_CONFIG_OPTIONS */.qs, config),
    region: config?.region ?? (0,Q4FG57VT/* loadConfig */.Z9)(Q4FG57VT/* NODE_REGION_CONFIG_OPTIONS */.GG, { ...Q4FG57VT/* NODE_REGION_CONFIG_FILE_OPTIONS */.zH, ...loaderConfig }),
    requestHandler: _5SVCTDFX/* NodeHttpHandler */.$.create(config?.requestHandler ?? defaultConfigProvider),
    retryMode: config?.retryMode ?? (0,Q4FG57VT/* loadConfig */.Z9)({
      ...SHMGWSW7/* NODE_RETRY_MODE_CONFIG_OPTIONS */.kN,
      default: async () => (await defaultConfigProvider()).retryMode || SHMGWSW7/* DEFAULT_RETRY_MODE */.L0
    }, config),
    sigv4aSigningRegionSet: config?.sigv4aSigningRegionSet ?? (0,Q4FG57VT/* loadConfig */.Z9)(BWTDZD6W/* NODE_SIGV4A_CONFIG_OPTIONS */.AE, loaderConfig),
    streamCollector: config?.streamCollector ?? J6MMM3TS/* streamCollector */.kv,
    useDualstackEndpoint: config?.useDualstackEndpoint ?? (0,Q4FG57VT/* loadConfig */.Z9)(Q4FG57VT/* NODE_USE_DUALSTACK_ENDPOINT_CONFIG_OPTIONS */.e$, loaderConfig),
    useFipsEndpoint: config?.useFipsEndpoint ?? (0,Q4FG57VT/* loadConfig */.Z9)(Q4FG57VT/* NODE_USE_FIPS_ENDPOINT_CONFIG_OPTIONS */.Ko, loaderConfig),
    userAgentAppId: config?.userAgentAppId ?? (0,Q4FG57VT/* loadConfig */.Z9)(SHMGWSW7/* NODE_APP_ID_CONFIG_OPTIONS */.hV, loaderConfig)
  };
};

// node_modules/@aws-sdk/client-sts/dist-es/auth/httpAuthExtensionConfiguration.js
var getHttpAuthExtensionConfiguration = (runtimeConfig) => {
  const _httpAuthSchemes = runtimeConfig.httpAuthSchemes;
  let _httpAuthSchemeProvider = runtimeConfig.httpAuthSchemeProvider;
  let _credentials = runtimeConfig.credentials;
  return {
    setHttpAuthScheme(httpAuthScheme) {
      const index = _httpAuthSchemes.findIndex((scheme) => scheme.schemeId === httpAuthScheme.schemeId);
      if (index === -1) {
        _httpAuthSchemes.push(httpAuthScheme);
      } else {
        _httpAuthSchemes.splice(index, 1, httpAuthScheme);
      }
    },
    httpAuthSchemes() {
      return _httpAuthSchemes;
    },
    setHttpAuthSchemeProvider(httpAuthSchemeProvider) {
      _httpAuthSchemeProvider = httpAuthSchemeProvider;
    },
    httpAuthSchemeProvider() {
      return _httpAuthSchemeProvider;
    },
    setCredentials(credentials) {
      _credentials = credentials;
    },
    credentials() {
      return _credentials;
    }
  };
};
var resolveHttpAuthRuntimeConfig = (config) => {
  return {
    httpAuthSchemes: config.httpAuthSchemes(),
    httpAuthSchemeProvider: config.httpAuthSchemeProvider(),
    credentials: config.credentials()
  };
};

// node_modules/@aws-sdk/client-sts/dist-es/runtimeExtensions.js
var resolveRuntimeExtensions = (runtimeConfig, extensions) => {
  const extensionConfiguration = Object.assign((0,SHMGWSW7/* getAwsRegionExtensionConfiguration */.Rq)(runtimeConfig), (0,SHMGWSW7/* getDefaultExtensionConfiguration */.xA)(runtimeConfig), (0,Q4FG57VT/* getHttpHandlerExtensionConfiguration */.eS)(runtimeConfig), getHttpAuthExtensionConfiguration(runtimeConfig));
  extensions.forEach((extension) => extension.configure(extensionConfiguration));
  return Object.assign(runtimeConfig, (0,SHMGWSW7/* resolveAwsRegionExtensionConfiguration */.$3)(extensionConfiguration), (0,SHMGWSW7/* resolveDefaultRuntimeConfig */.uv)(extensionConfiguration), (0,Q4FG57VT/* resolveHttpHandlerRuntimeConfig */.jt)(extensionConfiguration), resolveHttpAuthRuntimeConfig(extensionConfiguration));
};

// node_modules/@aws-sdk/client-sts/dist-es/STSClient.js
var STSClient = class extends SHMGWSW7/* Client */.Kj {
  config;
  constructor(...[configuration]) {
    const _config_0 = getRuntimeConfig2(configuration || {});
    super(_config_0);
    this.initConfig = _config_0;
    const _config_1 = resolveClientEndpointParameters(_config_0);
    const _config_2 = (0,SHMGWSW7/* resolveUserAgentConfig */.Dc)(_config_1);
    const _config_3 = (0,SHMGWSW7/* resolveRetryConfig */.$z)(_config_2);
    const _config_4 = (0,Q4FG57VT/* resolveRegionConfig */.TD)(_config_3);
    const _config_5 = (0,SHMGWSW7/* resolveHostHeaderConfig */.OV)(_config_4);
    const _config_6 = (0,SHMGWSW7/* resolveEndpointConfig */.Co)(_config_5);
    const _config_7 = resolveHttpAuthSchemeConfig(_config_6);
    const _config_8 = resolveRuntimeExtensions(_config_7, configuration?.extensions || []);
    this.config = _config_8;
    this.middlewareStack.use((0,J6MMM3TS/* getSchemaSerdePlugin */.wq)(this.config));
    this.middlewareStack.use((0,SHMGWSW7/* getUserAgentPlugin */.sM)(this.config));
    this.middlewareStack.use((0,SHMGWSW7/* getRetryPlugin */.ey)(this.config));
    this.middlewareStack.use((0,Q4FG57VT/* getContentLengthPlugin */.vK)(this.config));
    this.middlewareStack.use((0,SHMGWSW7/* getHostHeaderPlugin */.TC)(this.config));
    this.middlewareStack.use((0,SHMGWSW7/* getLoggerPlugin */.Y7)(this.config));
    this.middlewareStack.use((0,SHMGWSW7/* getRecursionDetectionPlugin */.n4)(this.config));
    this.middlewareStack.use((0,SHMGWSW7/* getHttpAuthSchemeEndpointRuleSetPlugin */.wB)(this.config, {
      httpAuthSchemeParametersProvider: defaultSTSHttpAuthSchemeParametersProvider,
      identityProviderConfigProvider: async (config) => new SHMGWSW7/* DefaultIdentityProviderConfig */.h$({
        "aws.auth#sigv4": config.credentials,
        "aws.auth#sigv4a": config.credentials
      })
    }));
    this.middlewareStack.use((0,SHMGWSW7/* getHttpSigningPlugin */.lW)(this.config));
  }
  destroy() {
    super.destroy();
  }
};

// node_modules/@aws-sdk/client-sts/dist-es/commandBuilder.js
var command = (0,SHMGWSW7/* makeBuilder */.k8)(commonParams, "AWSSecurityTokenServiceV20110615", "STSClient", SHMGWSW7/* getEndpointPlugin */.rD);
var _ep0 = {};
var _mw0 = (Command, cs, config, o2) => [];

// node_modules/@aws-sdk/client-sts/dist-es/commands/AssumeRoleCommand.js
var AssumeRoleCommand = class extends command(_ep0, _mw0, "AssumeRole", AssumeRole$) {
};

// node_modules/@aws-sdk/client-sts/dist-es/commands/AssumeRoleWithWebIdentityCommand.js
var AssumeRoleWithWebIdentityCommand = class extends command(_ep0, _mw0, "AssumeRoleWithWebIdentity", AssumeRoleWithWebIdentity$) {
};

// node_modules/@aws-sdk/client-sts/dist-es/commands/GetCallerIdentityCommand.js
var GetCallerIdentityCommand = class extends command(_ep0, _mw0, "GetCallerIdentity", GetCallerIdentity$) {
};

// lib/src/network/connection-pool.js





// lib/src/network/proxies.js




// lib/src/network/unreachable.js
var UnreachableError = class extends MHPL2HJH/* RemedyError */.By {
  name = "UnreachableError";
  code;
  constructor(message, remedy, code2, cause) {
    super(message, remedy, { cause });
    this.code = code2;
  }
};
var regionSetting = "aws-region";
function explainUnreachable(url, setting, cause) {
  if (cause instanceof MHPL2HJH/* RemedyError */.By)
    return cause;
  const code2 = (0,CPBUXW7X/* errorCode */.CA)(findNetworkError(cause));
  const place = url.origin;
  const explain = (message, remedy) => new UnreachableError(message, remedy, code2, cause);
  const certificateRemedy = remedyForCertificate(code2);
  if (certificateRemedy !== void 0) {
    return explain(`The certificate of ${place} is not accepted: ${code2}.`, certificateRemedy);
  }
  const isAws = setting === regionSetting;
  if (unresolvedCodes.has(code2)) {
    return explain(`The host name ${url.hostname} cannot be resolved: ${code2}.`, isAws ? "Check aws-region, which is part of the name, and that the machine can resolve the names of AWS." : `Check ${setting}, which names the host, and that the machine can resolve it.`);
  }
  if (code2 === "ECONNREFUSED") {
    return explain(`${place} refused the connection.`, isAws ? "Check that a firewall lets the machine connect to it, or name a proxy in HTTPS_PROXY." : `Check ${setting}, and that a server listens at this address.`);
  }
  if (tlsCode.test(code2)) {
    return explain(`The connection to ${place} could not be encrypted: ${code2}.`, isAws ? "Check whether another server, such as a proxy or a firewall, answers instead of AWS." : `Check that ${setting} names a port that takes https://, or give an http:// URL.`);
  }
  return cause;
}
function remedyForCertificate(code2) {
  if (!certificateCode.test(code2))
    return void 0;
  const authority = "set NODE_EXTRA_CA_CERTS, in the env of the step or of the job, to the path of a PEM file with the certificate of the authority that signed it; if it is set, check that file";
  switch (code2) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return `Check the clock of the machine, and renew the certificate. If it belongs to a proxy with its own certificate authority, ${authority}.`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "Check the host name, and which server answers there: its certificate is for other names. NODE_EXTRA_CA_CERTS does not help here.";
    default:
      return `If the server or a proxy on the way uses its own certificate authority, ${authority}. AWS_CA_BUNDLE is not read.`;
  }
}
var certificateCode = /^(?:CERT_|CRL_|DEPTH_ZERO_|ERR_TLS_CERT_|ERROR_IN_C|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|SELF_SIGNED_|UNABLE_TO_)/;
var unresolvedCodes = /* @__PURE__ */ new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME", "EAI_FAIL"]);
var tlsCode = /^(?:EPROTO$|ERR_SSL_)/;
function findNetworkError(error) {
  let found = error;
  while ((0,CPBUXW7X/* isErrorLike */.u7)(found)) {
    if ((0,CPBUXW7X/* errorCode */.CA)(found) !== "")
      return found;
    found = found.cause;
  }
  return error;
}

// lib/src/network/proxies.js
var ProxyError = class extends MHPL2HJH/* RemedyError */.By {
  name = "ProxyError";
  code;
  /** The HTTP status that the proxy gave; 0 if it gave none. */
  status;
  constructor(proxy, place, cause) {
    const status2 = Number(/^Bad response: (\d{3})$/.exec((0,CPBUXW7X/* errorMessage */.gJ)(cause))?.[1] ?? 0);
    const code2 = (0,CPBUXW7X/* errorCode */.CA)(cause);
    super(`The proxy ${proxy.host} did not connect to ${place}${status2 > 0 ? `: it answered with status ${status2}` : ""}.`, status2 === 407 ? "Give the name and the password that the proxy requires in HTTPS_PROXY, as http://name:password@host:port." : remedyForCertificate(code2) ?? `Check HTTPS_PROXY and HTTP_PROXY, and that the proxy allows ${place}; or name the host in NO_PROXY.`, { cause });
    this.code = code2;
    this.status = status2;
  }
};
function proxyFor(url) {
  const { http_proxy, HTTP_PROXY, https_proxy, HTTPS_PROXY } = process.env;
  const isGiven = Boolean(url.protocol === "https:" ? https_proxy || HTTPS_PROXY : http_proxy || HTTP_PROXY);
  if (!isGiven || checkBypass(url))
    return void 0;
  const proxy = readProxy(url);
  if (proxy !== void 0 && ["http:", "https:"].includes(proxy.protocol))
    return proxy;
  throw new MHPL2HJH/* RemedyError */.By(`${url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY"} does not hold the address of a proxy.`, "Give http://host:port or https://host:port, with name:password@ before the host if the proxy requires them. In a name or a password, write %25 for %, %40 for @ and %3A for :.");
}
function readProxy(url) {
  try {
    const found = getProxyUrl(url);
    return found === void 0 ? void 0 : new URL(found.href);
  } catch {
    return void 0;
  }
}
function proxySecrets() {
  return ["https://any.invalid", "http://any.invalid"].flatMap((place) => {
    const { username, password } = readProxy(new URL(place)) ?? {};
    if (username === void 0 || !password)
      return [];
    const plain = decodeURIComponent(password);
    return [password, plain, Buffer.from(`${decodeURIComponent(username)}:${plain}`).toString("base64")];
  });
}
function connectThrough(proxy, isSecure, target, callback) {
  const Agent = isSecure ? HttpsProxyAgent : HttpProxyAgent;
  const { protocol, port, username, password } = proxy;
  const address = { protocol, hostname: hostOf(proxy), port, username, password };
  const agent = new Agent({ proxy: address });
  const place = placeOf(target.host, target.port);
  const asked = isSecure ? target : { ...target, host: place.slice(0, place.lastIndexOf(":")) };
  agent.createConnection(asked, (error, connection) => {
    callback(error === null ? null : new ProxyError(proxy, place, error), connection);
  });
}
function hostOf({ hostname }) {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
function placeOf(host, port) {
  return `${(0,external_node_net_.isIPv6)(String(host)) ? `[${host}]` : host}:${port}`;
}

// lib/src/network/connection-pool.js
function createConnectionPool(maxSockets, proxyFor2) {
  const httpAgent = new external_node_http_.Agent({ keepAlive: true, maxSockets });
  const httpsAgent = new external_node_https_.Agent({ keepAlive: true, maxSockets });
  const unused = /* @__PURE__ */ new Map();
  const opened = [];
  let markSent;
  const waiting = new Promise((resolve) => {
    markSent = resolve;
  });
  for (const agent of [httpAgent, httpsAgent]) {
    const connectNow = connectorOf(agent, proxyFor2, () => setImmediate(markSent));
    agent.createConnection = (target, callback) => {
      const early = unused.get(placeOf(target.host, target.port)) ?? [];
      if (early.length === 0)
        return connectNow(target, callback);
      takeUsable(early).then((socket) => socket ?? connectNow(target, callback)).then((connection) => connection && callback?.(null, connection), (error) => callback?.(error, void 0));
      return void 0;
    };
  }
  return {
    httpAgent,
    httpsAgent,
    /** Resolves when the first request has been sent. From then on the process waits for the network. */
    waiting,
    /** Opens connections, TLS included, and sends nothing. A connection that fails is never given to a request. */
    open: (url, count2) => {
      if (proxyFor2(url) !== void 0)
        return;
      const early = Array.from({ length: count2 }, () => openConnection(url));
      opened.push(...early);
      unused.set(placeOf(hostOf(url), portOf(url)), [...early]);
    },
    /** Destroys every connection, those that no request used included. */
    close: () => {
      for (const { socket } of opened)
        socket.destroy();
      httpAgent.destroy();
      httpsAgent.destroy();
    }
  };
}
function connectorOf(agent, proxyFor2, onConnected) {
  const create = agent.createConnection.bind(agent);
  const isSecure = agent instanceof external_node_https_.Agent;
  return (target, callback) => {
    const proxy = proxyFor2(new URL(`${isSecure ? "https" : "http"}://${placeOf(target.host, target.port)}`));
    if (proxy === void 0)
      return create(target, callback)?.once("connect", onConnected);
    connectThrough(proxy, isSecure, target, (error, made) => {
      callback?.(error, made);
      onConnected();
    });
    return void 0;
  };
}
function openConnection(url) {
  const isSecure = url.protocol === "https:";
  const [host, port] = [hostOf(url), portOf(url)];
  const socket = isSecure ? (0,external_node_tls_.connect)({ host, port, ...(0,external_node_net_.isIP)(host) === 0 ? { servername: host } : {} }) : (0,external_node_net_.connect)({ host, port });
  socket.on("error", () => void 0);
  socket.unref();
  const isOpened = new Promise((resolve) => {
    socket.once(isSecure ? "secureConnect" : "connect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  return { socket, isOpened };
}
async function takeUsable(early) {
  for (let next = early.shift(); next !== void 0; next = early.shift()) {
    const { socket, isOpened } = next;
    socket.ref();
    if (await isOpened && !socket.destroyed && socket.writable)
      return socket;
  }
  return void 0;
}
function portOf({ port, protocol }) {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

// lib/src/network/network.js
var defaultTimeOuts = { connect: 5e3, request: 1e4 };
var mostConnections = 50;
function openNetwork(settingOf, run, timeOuts) {
  proxyFor(new URL("https://any.invalid"));
  const { httpAgent, httpsAgent, waiting, open, close } = createConnectionPool(mostConnections, proxyFor);
  run.leave.addEventListener("abort", close);
  const options = {
    connectionTimeout: timeOuts.connect,
    requestTimeout: timeOuts.request,
    // `requestTimeout` ends with the headers. A body that stalls is an idle socket.
    socketTimeout: timeOuts.request,
    throwOnRequestTimeout: true,
    httpAgent,
    httpsAgent
  };
  return {
    requestHandler: explainingHandler(options, settingOf),
    /** Resolves when the first request has been sent, or after a second: a slow connection must not delay other work. */
    waiting: Promise.race([waiting, run.clock.sleep(1e3, run.stop).catch(() => void 0)]),
    /** Opens connections to a host, and sends nothing. */
    openEarly: (url, count2) => open(url, Math.min(count2, mostConnections))
  };
}
function explainingHandler(options, settingOf) {
  const handler = new _5SVCTDFX/* NodeHttpHandler */.$(options);
  const handle = handler.handle.bind(handler);
  handler.handle = async (request, handlerOptions) => await handle(request, handlerOptions).catch((error) => {
    const { protocol, hostname, port } = request;
    const url = new URL(`${protocol}//${hostname}${port === void 0 ? "" : `:${port}`}`);
    throw explainUnreachable(url, settingOf(url), error);
  });
  return handler;
}

// lib/src/aws/connections.js
function clientOptionsFor(region, requestHandler) {
  return {
    region,
    requestHandler,
    // retry.ts repeats calls: it knows the deadline of the run.
    maxAttempts: 1,
    // In the mode `auto` the SDK requests the region from the instance metadata.
    defaultsMode: "legacy",
    // The mode `adaptive` would limit the rate of calls, as pace.ts does.
    retryMode: "standard",
    // A variable may prefer `sigv4a`: calls to STS would be signed for no region.
    authSchemePreference: ["sigv4"]
  };
}
function openConnections(region, { variables, mask, endpoints }, run, timeOuts) {
  for (const secret of proxySecrets())
    mask(secret, "password in HTTPS_PROXY or HTTP_PROXY");
  mask(variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
  const customHosts = [
    ...endpoints,
    { url: variables.ACTIONS_ID_TOKEN_REQUEST_URL ?? "", setting: "ACTIONS_ID_TOKEN_REQUEST_URL" }
  ].filter(({ url }) => URL.canParse(url));
  const settingOf = ({ host }) => customHosts.find(({ url }) => new URL(url).host === host)?.setting ?? regionSetting;
  const { requestHandler, ...connections } = openNetwork(settingOf, run, timeOuts);
  return { clientOptions: clientOptionsFor(region, requestHandler), ...connections };
}
function createStsClient(clientOptions, options) {
  return new STSClient({ ...clientOptions, ...options });
}
function partitionOf(region) {
  return (0,SHMGWSW7/* partition */.jB)(region).name;
}

// lib/src/aws/default-chain.js


// lib/src/aws/session-errors.js
function explainIdentityRefusal(cause) {
  return explainNoAnswer("identify the credentials", cause) ?? new MHPL2HJH/* RemedyError */.By("STS refused the credentials.", remedyForSts(cause), { cause });
}
function explainTokenRefusal(role2, { command: command2 }, token, cause) {
  if (token === "")
    return explainMissingToken(cause);
  const unanswered = explainNoAnswer(`assume ${role2.arn}`, cause);
  if (unanswered !== void 0)
    return unanswered;
  const claims = readClaims(token);
  const { iss = publicIssuer, aud, sub } = claims;
  const facts = [{ name: "role", value: role2.arn }, ...claimFacts(claims)];
  const refuse = (remedy, statements = []) => new MHPL2HJH/* RemedyError */.By(`STS did not let this job assume ${role2.arn}.`, remedy, { cause, facts, statements });
  if (!isAllowMissing(cause) || typeof sub !== "string") {
    return refuse(remedyForSts(cause, String(iss)));
  }
  const first = `Check that the role exists in account ${role2.account}, and that it trusts the token's sub: the job must name the GitHub environment that the role trusts ("environment:" in the job; without it the sub names a branch or a pull request instead). ${iamDelay}`;
  if (!sub.includes(":environment:") && command2 !== "plan") {
    return refuse(`${first} A role that writes should trust no other sub.`);
  }
  return refuse(`${first} The role's trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider of the role's account, on these conditions.`, [trustStatement(role2, { iss: String(iss), aud: String(aud), sub })]);
}
function explainMissingToken(cause) {
  const mayLackPermission = (0,CPBUXW7X/* errorName */.Is)(cause) === "IdTokenError" && !isUnanswered(cause);
  const remedy = mayLackPermission ? `Check that the job has "permissions: { id-token: write }", and GitHub's status, then run the job again.` : "Run the job again. If it fails again, check GitHub's status, and what answers at ACTIONS_ID_TOKEN_REQUEST_URL.";
  return new MHPL2HJH/* RemedyError */.By("GitHub did not give this job an OIDC token.", remedy, { cause });
}
var publicIssuer = "https://token.actions.githubusercontent.com";
function explainRoleRefusal(role2, request, cause) {
  const unanswered = explainNoAnswer(`assume ${role2.arn}`, cause);
  if (unanswered !== void 0)
    return unanswered;
  const refuse = (remedy, statements = []) => new MHPL2HJH/* RemedyError */.By(`STS did not let these credentials assume ${role2.arn}.`, remedy, {
    cause,
    facts: [{ name: "role", value: role2.arn }],
    statements
  });
  if (!isDenied(cause))
    return refuse(remedyForSts(cause));
  const { externalId, sourceIdentity, sessionTags, roles } = request;
  const checkExternalId = externalId === void 0 ? "If the trust policy asks for an external id, give role-external-id." : "Check that the trust policy asks for the same external id as role-external-id.";
  const denial = readDenial(cause);
  if (denial !== void 0) {
    const isTrust = denial.policy === "resource-based policy" || denial.policy === "role trust policy";
    return refuse([denial.explanation, ...isTrust ? [checkExternalId] : [], iamDelay].join(" "));
  }
  const more = [
    // Every later session inherits the source identity. Tags are given to the last role only.
    ...sourceIdentity === void 0 ? [] : ["sts:SetSourceIdentity"],
    ...sessionTags.size === 0 || role2 !== roles.at(-1) ? [] : ["sts:TagSession"]
  ];
  return refuse([
    `Check that the role exists in account ${role2.account}.`,
    checkExternalId,
    `Name the role of the caller that AWS names below as a principal in the trust policy of ${role2.arn}, and allow sts:AssumeRole on it in the caller's policy.`,
    ...more.length === 0 ? [] : [`Both must allow ${more.join(" and ")} too.`],
    iamDelay,
    "The statement is for the caller's policy, if that does not have it yet."
  ].join(" "), [allowStatement(["sts:AssumeRole", ...more], role2.arn)]);
}
function explainNoAnswer(request, cause) {
  if (!isUnanswered(cause))
    return void 0;
  return new MHPL2HJH/* RemedyError */.By(`STS could not be asked to ${request}.`, remedyForAws(cause, "STS"), { cause });
}
function remedyForSts(error, issuer = publicIssuer) {
  return (0,CPBUXW7X/* errorName */.Is)(error).startsWith("InvalidIdentityToken") ? `Create the OIDC provider ${issuer} in the role's account, with the audience of the token.` : remedyForAws(error, "STS");
}
function claimFacts(claims) {
  return ["iss", "sub", "aud", "job_workflow_ref"].flatMap((name2) => {
    const value = claims[name2];
    return typeof value === "string" ? [{ name: name2, value }] : [];
  });
}
function readClaims(token) {
  try {
    return { ...JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) };
  } catch {
    return {};
  }
}

// lib/src/aws/default-chain-errors.js
function explainDefaultChain(variables, sharedConfig, lines, error) {
  const source = findConfiguredSource(variables, sharedConfig);
  if (source === void 0) {
    const isNoneFound = (0,CPBUXW7X/* errorMessage */.gJ)(error).includes("Could not load credentials from any providers");
    if (!isNoneFound) {
      return new MHPL2HJH/* RemedyError */.By("The AWS SDK could not search for credentials.", unsentRemedy, { cause: error });
    }
    return new MHPL2HJH/* RemedyError */.By("No credentials were found: no access key in the environment, and none in the places that the AWS SDK searches.", (0,CPBUXW7X/* isGitHubJob */.x8)(variables) ? remedyInJob : remedyOnTerminal, { cause: error });
  }
  const reason = withoutCommands(readReason(lines, source.provider), sharedConfig);
  const copy = Object.assign(new Error((0,CPBUXW7X/* errorMessage */.gJ)(error), { cause: reason }), { name: (0,CPBUXW7X/* errorName */.Is)(error) });
  const cause = reason === void 0 ? error : copy;
  return new MHPL2HJH/* RemedyError */.By(`The AWS SDK got no credentials from ${source.name}.`, remedyBy(source, error), { cause });
}
var remedyInJob = 'Give the job "permissions: { id-token: write }" and name a role-to-assume that trusts it, or run aws-actions/configure-aws-credentials before this step.';
var remedyOnTerminal = 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. For a profile with single sign-on, run "aws sso login" first.';
function remedyBy(source, error) {
  if ((0,CPBUXW7X/* httpStatus */.nG)(error) === 0)
    return source.remedy;
  if (!isAllowMissing(error)) {
    return remedyForSts(error, "of the token's issuer");
  }
  return `Check that the role exists, and that its trust policy allows the token or the caller that it is assumed with. ${iamDelay}`;
}
function findConfiguredSource(variables, { configFile, credentialsFile }) {
  const profile = variables.AWS_PROFILE || "default";
  const keys = Object.keys({ ...configFile[profile], ...credentialsFile[profile] });
  const [keySource] = profileRemedies.flatMap(([start2, advice, hasAlternative]) => {
    const key = keys.find((each) => each.startsWith(start2));
    if (key === void 0)
      return [];
    const remedy = hasAlternative && (0,CPBUXW7X/* isGitHubJob */.x8)(variables) ? `${advice} Or use the OIDC token of the job.` : advice;
    return [{ name: `${key} of the profile ${(0,MHPL2HJH/* quote */.hD)(profile)}`, remedy, provider: "fromIni" }];
  });
  const source = keySource ?? variableSources.find(({ name: name2 }) => variables[name2]);
  if (source !== void 0 || !variables.AWS_PROFILE)
    return source;
  const isInFile = configFile[profile] !== void 0 || credentialsFile[profile] !== void 0;
  return {
    name: `the profile ${(0,MHPL2HJH/* quote */.hD)(profile)}, which ${isInFile ? "holds none" : "is in no file"}`,
    remedy: "Check AWS_PROFILE, and the profile in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else in ~/.aws/config and ~/.aws/credentials.",
    provider: "fromIni"
  };
}
var profileRemedies = [
  [
    "mfa_serial",
    "The action asks nobody for a code of multi-factor authentication. Use a profile without mfa_serial.",
    true
  ],
  ["web_identity_token_file", "Check web_identity_token_file and role_arn of the profile."],
  ["role_arn", "Check source_profile or credential_source of the profile, and where the first credentials come from."],
  ["credential_process", "Run its command on this machine, as the same user, and correct what it reports."],
  ["sso_", 'Run "aws sso login" for this profile on this machine.', true],
  ["login_session", 'Run "aws login" for this profile on this machine.', true],
  ["aws_", "Give the profile both aws_access_key_id and aws_secret_access_key, or neither."]
];
var variableSources = [
  {
    name: "AWS_WEB_IDENTITY_TOKEN_FILE",
    remedy: "Check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN: the SDK needs both, and must be able to read the file.",
    provider: "fromTokenFile"
  },
  ...["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"].map((name2) => ({
    name: name2,
    remedy: `Check ${name2}, and what answers there.`,
    provider: "remoteProvider"
  }))
];
function readReason(lines, provider) {
  let current;
  let reason;
  for (const line of lines) {
    current = /defaultProvider::(\w+)/.exec(line)?.[1] ?? current;
    const skipped = /^@smithy\/property-provider -> (.+)/s.exec(line)?.[1];
    if (current === provider && skipped !== void 0 && !skipped.startsWith("Not found in "))
      reason = skipped;
  }
  return reason?.trim();
}
function withoutCommands(reason, { configFile, credentialsFile }) {
  const profiles = [...Object.values(configFile), ...Object.values(credentialsFile)];
  return profiles.reduce((text3, { credential_process: command2 }) => command2 ? text3?.replaceAll(command2, "credential_process") : text3, reason);
}

// lib/src/aws/default-chain.js
async function searchDefaultChain(clientOptions, { variables, mask }, run) {
  const sharedConfig = await (0,Q4FG57VT/* loadSharedConfigFiles */.p6)();
  await maskSecrets(variables, sharedConfig, mask);
  const lines = [];
  const logger = {
    debug: (line) => void lines.push(String(line)),
    info: () => void 0,
    warn: (line) => run.log.info(String(line)),
    error: (line) => run.log.info(String(line))
  };
  const { config } = createStsClient(clientOptions, { logger });
  const search = () => config.credentials();
  const { AWS_PROFILE: profile } = variables;
  const waitingFor = `the AWS SDK to find credentials${profile ? ` by the profile ${(0,MHPL2HJH/* quote */.hD)(profile)}` : ""}`;
  return await (0,MHPL2HJH/* unlessAborted */.Wh)(run, search, waitingFor).catch((error) => {
    throw error instanceof MHPL2HJH/* RemedyError */.By ? error : explainDefaultChain(variables, sharedConfig, lines, error);
  });
}
async function maskSecrets(variables, { configFile, credentialsFile }, mask) {
  const maskFile = async (path, origin) => {
    if (path)
      mask((await (0,promises_.readFile)(path, "utf8").catch(() => "")).trim(), origin);
  };
  mask(variables.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? "", "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  for (const name2 of ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]) {
    await maskFile(variables[name2], `file of ${name2}`);
  }
  for (const [name2, profile] of [...Object.entries(configFile), ...Object.entries(credentialsFile)]) {
    mask(profile.aws_secret_access_key ?? "", `aws_secret_access_key of the profile ${name2}`);
    mask(profile.aws_session_token ?? "", `aws_session_token of the profile ${name2}`);
    await maskFile(profile.web_identity_token_file, `web_identity_token_file of the profile ${name2}`);
  }
}

// lib/src/aws/oidc-token.js

async function requestIdToken(handler, environment, audience, signal) {
  const url = new URL(environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? "");
  url.searchParams.set("audience", audience);
  const { response } = await handler.handle(new J6MMM3TS/* HttpRequest */.Kd({
    ...(0,J6MMM3TS/* parseUrl */.Dl)(url),
    method: "GET",
    headers: {
      host: url.host,
      accept: "application/json",
      authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ""}`
    }
  }), { abortSignal: signal });
  const body = await (0,consumers_namespaceObject.text)(response.body);
  const { statusCode: status2 } = response;
  if (status2 !== 200) {
    const message = `GitHub answered the request for the job's OIDC token with status ${status2}`;
    throw Object.assign(new Error(message), { name: "IdTokenError", status: status2 });
  }
  const parsed = (0,MHPL2HJH/* safeParse */.xL)(tokenSchema, body);
  if (parsed.success)
    return parsed.output.value;
  throw new MHPL2HJH/* RemedyError */.By("GitHub answered the request for the job's OIDC token, but not with a token.", "Run the job again. If it fails again, see GitHub Status.");
}
var tokenSchema = (0,MHPL2HJH/* pipe */.Fs)((0,MHPL2HJH/* string */.Yj)(), (0,MHPL2HJH/* parseJson */.qF)(), (0,MHPL2HJH/* object */.Ik)({ value: (0,MHPL2HJH/* pipe */.Fs)((0,MHPL2HJH/* string */.Yj)(), (0,MHPL2HJH/* nonEmpty */.hq)()) }));

// lib/src/aws/credentials.js
function credentialPorts(clientOptions, { variables, mask }, run) {
  return {
    mask,
    /** @param credentials undefined for calls that carry a token instead */
    connectSts: (credentials) => createStsClient(clientOptions, credentials === void 0 ? {} : { credentials }),
    fetchIdToken: (audience, signal) => requestIdToken(clientOptions.requestHandler, variables, audience, signal),
    accessKey: () => ({
      accessKeyId: variables.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: variables.AWS_SECRET_ACCESS_KEY ?? "",
      ...variables.AWS_SESSION_TOKEN ? { sessionToken: variables.AWS_SESSION_TOKEN } : {}
    }),
    defaultChain: () => searchDefaultChain(clientOptions, { variables, mask }, run)
  };
}
var originsInVariables = {
  accessKeyId: "AWS_ACCESS_KEY_ID",
  secretAccessKey: "AWS_SECRET_ACCESS_KEY",
  sessionToken: "AWS_SESSION_TOKEN"
};
function originsIn(place) {
  return {
    accessKeyId: `access key id of ${place}`,
    secretAccessKey: `secret access key of ${place}`,
    sessionToken: `session token of ${place}`
  };
}
function maskIdentity({ accessKeyId, secretAccessKey, sessionToken }, origins, mask) {
  const isWord = (key) => key.length < 8;
  const isAccountId = /^\d{12}$/.test(accessKeyId);
  if (!isAccountId && !isWord(accessKeyId))
    mask(accessKeyId, origins.accessKeyId);
  if (!isWord(secretAccessKey))
    mask(secretAccessKey, origins.secretAccessKey);
  if (sessionToken !== void 0)
    mask(sessionToken, origins.sessionToken);
}

// lib/src/aws/calls.js
var expiredNames = /* @__PURE__ */ new Set(["ExpiredTokenException", "ExpiredToken"]);
function callsIn(credentials, explain) {
  let sessions = 0;
  let renewal;
  const renew2 = async (session) => {
    if (session !== sessions)
      return;
    renewal ??= credentials({ forceRefresh: true }).then(() => {
      sessions += 1;
    }).finally(() => {
      renewal = void 0;
    });
    await renewal;
  };
  return async (within, pace, call) => {
    const { operation, resource, sendBefore } = call;
    let isOutcomeUnknown2 = false;
    let isRenewed = false;
    const send = async (signal) => {
      try {
        return await call.send(signal);
      } catch (error) {
        if (!isRefusal(error)) {
          isOutcomeUnknown2 = true;
          call.onUnknownOutcome?.();
        }
        throw error;
      }
    };
    const attempt = (signal) => pace(signal, async () => {
      await credentials();
      within.stop.throwIfAborted();
      if (sendBefore !== void 0 && within.clock.now() > sendBefore)
        throw new StaleReadError(operation, resource);
      return await send(signal);
    });
    const attemptInSession = async (signal) => {
      const session = sessions;
      try {
        return await attempt(signal);
      } catch (error) {
        if (isRenewed || !expiredNames.has((0,CPBUXW7X/* errorName */.Is)(error)))
          throw error;
        isRenewed = true;
        await renew2(session);
        return await attempt(signal);
      }
    };
    try {
      return await retry(
        within,
        attemptInSession,
        () => `${operation} on "${resource}"`,
        // The table is read before a write with an unknown outcome is sent again.
        sendBefore === void 0 ? void 0 : (kind, at) => kind !== "unavailable" && at <= sendBefore
      );
    } catch (error) {
      if (error instanceof MHPL2HJH/* StoppedError */.Ko)
        throw isOutcomeUnknown2 ? error.withUnknownOutcome() : error;
      if (error instanceof MHPL2HJH/* RemedyError */.By && !isOutcomeUnknown2)
        throw error;
      throw explain(call, error, isOutcomeUnknown2);
    }
  };
}

// lib/src/aws/item-store.js
function itemStore(send) {
  return {
    putIfAbsent: async (TableName, item, partitionKey) => {
      const input = {
        TableName,
        Item: attributeValues(item),
        // The condition is about the item with the same key, sort key included.
        ConditionExpression: "attribute_not_exists(#key)",
        ExpressionAttributeNames: { "#key": partitionKey }
      };
      let isOutcomeUnknown2 = false;
      await send("PutItem", input, () => {
        isOutcomeUnknown2 = true;
      });
      return { isOutcomeUnknown: isOutcomeUnknown2 };
    },
    get: async (TableName, key) => {
      const { Item } = await send("GetItem", { TableName, Key: attributeValues(key), ConsistentRead: true });
      return Item === void 0 ? void 0 : readItem(Item);
    },
    query: async (TableName, partition2, index) => {
      const items = [];
      const values = Object.entries(attributeValues(partition2));
      let ExclusiveStartKey;
      do {
        const page = await send("Query", {
          TableName,
          // A global index cannot be read consistently.
          ...index === void 0 ? { ConsistentRead: true } : { IndexName: index },
          KeyConditionExpression: values.map((_, at) => `#key${at} = :value${at}`).join(" AND "),
          ExpressionAttributeNames: Object.fromEntries(values.map(([name2], at) => [`#key${at}`, name2])),
          ExpressionAttributeValues: Object.fromEntries(values.map(([, value], at) => [`:value${at}`, value])),
          ExclusiveStartKey
        });
        items.push(...(page.Items ?? []).map(readItem));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== void 0);
      return items;
    },
    delete: async (TableName, key) => {
      await send("DeleteItem", { TableName, Key: attributeValues(key) });
    }
  };
}
function readItem(item) {
  return Object.fromEntries(Object.entries(item).flatMap(([name2, { S, N, B }]) => {
    const value = S ?? B ?? (N === void 0 ? void 0 : Number(N));
    return value === void 0 ? [] : [[name2, value]];
  }));
}
function attributeValues(item) {
  return Object.fromEntries(Object.entries(item).map(([name2, value]) => [name2, sdkValue(value)]));
}
function sdkValue(value) {
  if (typeof value === "string")
    return { S: value };
  return typeof value === "number" ? { N: String(value) } : { B: value };
}

// lib/src/aws/pace.js
function adaptivePace(most) {
  let allowed = most;
  let underWay = 0;
  const turns = [];
  const giveTurns = () => {
    while (underWay < Math.floor(allowed) && turns.length > 0) {
      underWay += 1;
      turns.shift()?.();
    }
  };
  const waitForTurn = () => new Promise((resolve) => {
    turns.push(resolve);
    giveTurns();
  });
  return async (signal, send) => {
    await waitForTurn();
    try {
      signal.throwIfAborted();
      const answer = await send();
      allowed = Math.min(most, allowed + 1 / allowed);
      return answer;
    } catch (error) {
      if (classifyFailure(error) === "throttled")
        allowed = Math.max(1, allowed / 2);
      throw error;
    } finally {
      underWay -= 1;
      giveTurns();
    }
  };
}

// lib/src/aws/dynamodb.js
var mostReads = 50;
var mostWrites = 5;
async function loadDynamoDb({ clientOptions, waiting, openEarly }, count2, run) {
  await waiting;
  const commands = await __nccwpck_require__.e(/* import() | dynamodb */ 283).then(__nccwpck_require__.bind(__nccwpck_require__, 7497));
  let requestCredentials;
  const client = new commands.DynamoDBClient({
    ...clientOptions,
    credentials: () => requestCredentials(),
    // By default, calls that name an ARN go to a host of the account, which needs connections of its own.
    accountIdEndpointMode: "disabled"
  });
  openEarly(await findEndpoint(client, commands), count2);
  return (credentials, target) => {
    requestCredentials = credentials;
    return connect2(commands, client, run, target);
  };
}
async function findEndpoint(client, { DescribeTableCommand }) {
  const credentials = async () => ({ accessKeyId: "", secretAccessKey: "" });
  const config = { ...client.config, credentials };
  try {
    return (await (0,SHMGWSW7/* getEndpointFromInstructions */.rC)({ TableName: "any" }, DescribeTableCommand, config)).url;
  } catch (cause) {
    throw new MHPL2HJH/* RemedyError */.By("The AWS SDK found no endpoint of DynamoDB.", unsentRemedy, { cause });
  }
}
function connect2(commands, client, run, target) {
  const [reads, writes] = [adaptivePace(mostReads), adaptivePace(mostWrites)];
  const { credentials } = client.config;
  const explain = ({ operation, resource }, cause, isOutcomeUnknown2) => {
    const arn = resource.startsWith("arn:") ? resource : (0,MHPL2HJH/* tableArn */.cU)(target, resource);
    return new DynamoDbError(operation, resource, cause, isOutcomeUnknown2, arn);
  };
  const call = callsIn(credentials, explain);
  const callOf = (operation, input, sendBefore) => ({
    operation,
    resource: resourceIn(input),
    sendBefore,
    send: (abortSignal) => client.send(commandFor(commands, operation, input), { abortSignal })
  });
  return {
    credentials,
    ask: async (operation, input) => {
      try {
        return await call(run, reads, callOf(operation, input));
      } catch (error) {
        if (error instanceof DynamoDbError && isAbsence(error))
          return void 0;
        throw error;
      }
    },
    write: async ({ operation, input }, sendBefore) => {
      await call(run, writes, callOf(operation, input, sendBefore));
    },
    itemsWithin: (within) => itemStore((operation, input, onUnknownOutcome) => call(within, reads, { ...callOf(operation, input), onUnknownOutcome }))
  };
}
function commandFor(commands, operation, input) {
  const Command = commands[`${operation}Command`];
  if (Command === void 0)
    throw new TypeError(`commands.ts does not load ${operation}Command`);
  return new Command(input);
}
function resourceIn(input) {
  const { TableName, ResourceArn = TableName } = input;
  return ResourceArn ?? "";
}
var absenceNames = /* @__PURE__ */ new Set(["ResourceNotFoundException", "TableNotFoundException", "ResourceNotFound"]);
function isAbsence({ code: code2, cause }) {
  const error = `${code2}: ${(0,CPBUXW7X/* errorMessage */.gJ)(cause)}`;
  return absenceNames.has(code2) || MHPL2HJH/* properties */.qo.some(({ reading }) => reading.kind === "asked" && reading.isTooNew?.test(error) === true);
}

// lib/src/aws/kms.js
var mostReads2 = 10;
function connectKms(clientOptions, credentials, run, target) {
  const call = callsIn(credentials, ({ resource }, cause) => explainFailure(resource, target, cause));
  const pace = adaptivePace(mostReads2);
  let loading;
  const load = async () => {
    const { KMSClient, DescribeKeyCommand } = await __nccwpck_require__.e(/* import() | kms */ 294).then(__nccwpck_require__.bind(__nccwpck_require__, 9319));
    return { client: new KMSClient({ ...clientOptions, credentials }), DescribeKeyCommand };
  };
  return async (key) => {
    loading ??= load();
    const { client, DescribeKeyCommand } = await loading;
    const { KeyMetadata } = await call(run, pace, {
      operation: "DescribeKey",
      resource: key,
      send: (abortSignal) => client.send(new DescribeKeyCommand({ KeyId: key }), { abortSignal })
    });
    const read = (0,MHPL2HJH/* safeParse */.xL)(keySchema, KeyMetadata);
    if (!read.success)
      throw explainUnreadable("DescribeKey", key, new MHPL2HJH/* ValiError */.H6(read.issues), "KMS");
    const { Arn, KeySpec } = read.output;
    return { arn: Arn, isSymmetric: KeySpec === void 0 || KeySpec === "SYMMETRIC_DEFAULT" };
  };
}
var keySchema = (0,MHPL2HJH/* object */.Ik)({
  Arn: (0,MHPL2HJH/* pipe */.Fs)((0,MHPL2HJH/* string */.Yj)(), (0,MHPL2HJH/* regex */.yG)(/^arn:.*:key\/./)),
  KeySpec: (0,MHPL2HJH/* optional */.lq)((0,MHPL2HJH/* string */.Yj)())
});
function explainFailure(key, target, cause) {
  return new MHPL2HJH/* RemedyError */.By(`DescribeKey on "${key}" in ${target.region} failed.`, remedyForKms(key, target, cause), {
    cause,
    statements: isAllowMissing(cause) ? [JSON.stringify((0,MHPL2HJH/* describeKeyStatement */.Ce)((0,MHPL2HJH/* keyArn */.H8)(key, target)))] : []
  });
}
function remedyForKms(key, { account, region }, cause) {
  if (cause instanceof MHPL2HJH/* RemedyError */.By)
    return cause.remedy;
  if (isAllowMissing(cause)) {
    return `Allow kms:DescribeKey on the key behind "${key}" in the policy of the role that works on the tables, and check that the policy of the key leaves permissions to IAM. Or name the key by its ARN, for which this call is not made.`;
  }
  if ((0,CPBUXW7X/* errorName */.Is)(cause) === "NotFoundException") {
    return `There is no "${key}" in ${region} of account ${account}. Correct KMSMasterKeyId, or create the alias there.`;
  }
  return remedyForAws(cause, "KMS");
}

// lib/src/aws/session-request.js
function describeChain({ credentialSource, roles }) {
  const names = roles.map(({ arn, account }) => `${arn.slice(arn.indexOf("/") + 1)} in ${account}`);
  return [describeSource(credentialSource), ...names].join(", then ");
}
function describeSource(source) {
  switch (source.kind) {
    case "oidc":
      return "the job's OIDC token";
    case "access-key":
      return "the access key in the environment";
    case "default-chain":
      return `the AWS SDK's default chain (${source.reason})`;
  }
}

// lib/src/aws/session.js
async function openSession(request, ports, run) {
  run.log.info(`Credentials: ${describeChain(request)}`);
  const chain = new RoleChain(request, ports, run);
  const { awsAccount, identity } = await chain.walk();
  const { account } = awsAccount;
  const { allowedAccountIds } = request;
  if (allowedAccountIds.length > 0 && !allowedAccountIds.includes(account)) {
    throw new MHPL2HJH/* RemedyError */.By(`The credentials lead to account ${account}, which is not among allowed-account-ids: ${allowedAccountIds.join(", ")}.`, "Check role-to-assume, or add the account to allowed-account-ids.");
  }
  let unused = identity;
  return {
    /** The account that the credentials belong to, as STS reports it. */
    awsAccount,
    /** Returns credentials for the SDK, which calls it again before they expire; then all roles are assumed again. */
    credentials: async () => {
      const current = unused ?? await renew(chain, account);
      unused = void 0;
      return withCredibleExpiration(current, run.clock.now());
    }
  };
}
async function renew(chain, before) {
  const { awsAccount, identity } = await chain.walk();
  if (awsAccount.account === before)
    return identity;
  throw new MHPL2HJH/* RemedyError */.By(`The session expired, and the credentials now lead to account ${awsAccount.account}, but this run works in ${before}.`, "Do not change the credentials of the job while this step runs, then run again.");
}
function withCredibleExpiration(identity, now) {
  const { expiration, ...endless } = identity;
  return expiration !== void 0 && expiration.getTime() - now <= 3e5 ? endless : identity;
}
var RoleChain = class {
  #request;
  #ports;
  #run;
  constructor(request, ports, run) {
    this.#request = request;
    this.#ports = ports;
    this.#run = run;
  }
  async walk() {
    const { roles, credentialSource } = this.#request;
    const [firstRole] = roles;
    let hop = credentialSource.kind === "oidc" && firstRole !== void 0 ? await this.#assumeWithToken(firstRole) : void 0;
    let identity = hop?.identity ?? await this.#readFirstCredentials();
    for (const role2 of hop === void 0 ? roles : roles.slice(1)) {
      hop = await this.#assumeRole(role2, identity);
      identity = hop.identity;
    }
    return hop ?? { identity, awsAccount: await this.#readAccount(identity) };
  }
  async #readFirstCredentials() {
    const { accessKey, defaultChain, mask } = this.#ports;
    const isAccessKey = this.#request.credentialSource.kind === "access-key";
    const identity = isAccessKey ? accessKey() : await defaultChain();
    maskIdentity(identity, isAccessKey ? originsInVariables : originsIn("the AWS SDK's default chain"), mask);
    return identity;
  }
  async #assumeWithToken(role2) {
    const { connectSts, fetchIdToken, mask } = this.#ports;
    const sts = connectSts(void 0);
    let token = "";
    const response = await this.#ask(async (abortSignal) => {
      token = "";
      token = await fetchIdToken(this.#request.audience, abortSignal);
      mask(token, "the job's OIDC token");
      const input = { ...this.#parametersOf(role2), WebIdentityToken: token };
      return await sts.send(new AssumeRoleWithWebIdentityCommand(input), { abortSignal });
    }, () => token === "" ? "the job's OIDC token from GitHub" : `STS to let this job assume ${role2.arn}`, (cause) => explainTokenRefusal(role2, this.#request, token, cause));
    return this.#readHop(role2, response);
  }
  async #assumeRole(role2, caller) {
    const { roles, credentialSource, externalId, sourceIdentity, sessionTags } = this.#request;
    const tags2 = [...sessionTags].map(([Key, Value]) => ({ Key, Value }));
    const isFirstWithCredentials = role2 === roles[credentialSource.kind === "oidc" ? 1 : 0];
    const command2 = new AssumeRoleCommand({
      ...this.#parametersOf(role2),
      ...isFirstWithCredentials ? { SourceIdentity: sourceIdentity } : {},
      ...role2 === roles.at(-1) ? { ExternalId: externalId, Tags: tags2.length > 0 ? tags2 : void 0 } : {}
    });
    const sts = this.#ports.connectSts(caller);
    const response = await this.#ask((abortSignal) => sts.send(command2, { abortSignal }), () => `STS to let these credentials assume ${role2.arn}`, (cause) => explainRoleRefusal(role2, this.#request, cause));
    return this.#readHop(role2, response);
  }
  async #readAccount(identity) {
    const sts = this.#ports.connectSts(identity);
    const { Arn } = await this.#ask((abortSignal) => sts.send(new GetCallerIdentityCommand({}), { abortSignal }), () => "STS to identify the credentials", explainIdentityRefusal);
    return accountOf(Arn);
  }
  /** Sends a call with retries, and explains a failure that has no remedy yet. */
  async #ask(send, waitingFor, explain) {
    return await retry(this.#run, send, waitingFor).catch((error) => {
      throw error instanceof MHPL2HJH/* RemedyError */.By ? error : explain(error);
    });
  }
  /** The parameters that both ways to assume a role have. */
  #parametersOf(role2) {
    const { roles, roleSessionName, roleDurationSeconds, sessionPolicy: sessionPolicy2 } = this.#request;
    return {
      RoleArn: role2.arn,
      RoleSessionName: roleSessionName,
      DurationSeconds: roleDurationSeconds,
      ...role2 === roles.at(-1) ? { Policy: sessionPolicy2 } : {}
    };
  }
  #readHop(role2, { Credentials, AssumedRoleUser }) {
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
      throw unusableAnswer(`STS answered for ${role2.arn}, but without credentials.`);
    }
    const identity = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      // An emulator may give no date.
      ...Expiration instanceof Date ? { expiration: Expiration } : {}
    };
    maskIdentity(identity, originsIn(`the session of ${role2.arn}`), this.#ports.mask);
    return { identity, awsAccount: accountOf(AssumedRoleUser?.Arn) };
  }
};
function accountOf(arn) {
  const [, partition2, account] = /^arn:([^:]+):(?:sts|iam)::(\d{12}):/.exec(arn ?? "") ?? [];
  if (partition2 === void 0 || account === void 0) {
    throw unusableAnswer("STS did not report which account the credentials belong to.");
  }
  return { partition: partition2, account };
}
function unusableAnswer(message) {
  return new MHPL2HJH/* RemedyError */.By(message, "Check that AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS are addresses of STS.");
}

// lib/src/aws/connect.js
async function connectToAws(request, { variables, mask, load }, readCount, run, timeOuts) {
  const job = { variables, mask };
  const { region, environment, sdkSettings } = request;
  const connections = openConnections(region, { ...job, endpoints: sdkSettings.endpoints }, run, timeOuts);
  const [session, connectDynamoDb] = await Promise.all([
    openSession(request, credentialPorts(connections.clientOptions, job, run), run),
    loadDynamoDb(connections, readCount, run),
    connections.waiting.then(load)
  ]);
  const target = { ...session.awsAccount, region, environment };
  const dynamoDb = connectDynamoDb(session.credentials, target);
  return { target, dynamoDb, readKey: connectKms(connections.clientOptions, dynamoDb.credentials, run, target) };
}

// lib/src/report/failures.js
function failuresOf({ error, outcome, verification }) {
  const first = error ?? outcome?.error ?? verification?.error;
  if (first === void 0)
    return [];
  const ofSteps = outcome?.steps.flatMap(({ result }) => "error" in result ? [result.error] : []) ?? [];
  const others = ofSteps.filter((each) => !(first instanceof MHPL2HJH/* StoppedError */.Ko && each instanceof MHPL2HJH/* StoppedError */.Ko));
  return [...new Map([first, ...others].map((each) => [(0,CPBUXW7X/* renderError */.vr)(each), each])).values()];
}
function describeProgress({ outcome, verification }) {
  if (outcome !== void 0)
    return describeOutcome(outcome);
  if (!verification?.sampleItems)
    return "";
  const { itemState } = verification;
  if (itemState === "unwritten")
    return "No sample item was written.";
  return itemState === void 0 ? "" : "The sample items were deleted again.";
}
function describeOutcome({ steps }) {
  const parts = Object.entries(states).flatMap(([state, words]) => {
    const named = steps.filter(({ result }) => stateOf(result) === state).map(({ step }) => (0,CPBUXW7X/* nameStep */.gP)(step));
    if (state === "applied")
      return [`Done before: ${named.join(", ") || "nothing"}.`];
    return named.length === 0 ? [] : [`${words.charAt(0).toUpperCase()}${words.slice(1)}: ${named.join(", ")}.`];
  });
  return parts.join(" ");
}

// lib/src/aws/tenant-access.js
var itemActions = [
  "BatchGetItem",
  "BatchWriteItem",
  "ConditionCheckItem",
  "DeleteItem",
  "GetItem",
  "PutItem",
  "Query",
  "UpdateItem"
];
function tenantResources(tables, tenantKey2) {
  const isTenants = (keys) => JSON.stringify((0,MHPL2HJH/* partitionKeyOf */.ti)(keys)) === JSON.stringify([tenantKey2]);
  const isExisting = (observed, { name: name2, keys, isLocal }) => (0,MHPL2HJH/* indexesOf */.O7)(observed ?? {}).every((index) => index.name !== name2 || isTenants(index.keys) === isTenants(keys) && index.isLocal === isLocal);
  const withTenant = ({ declared, observed = declared }) => isTenants(declared.KeySchema) && isTenants(observed.KeySchema);
  return {
    tables: tables.filter(withTenant).map(({ arn }) => arn),
    indexes: tables.flatMap(({ arn, declared, observed }) => (0,MHPL2HJH/* indexesOf */.O7)(declared).filter((index) => isTenants(index.keys) && isExisting(observed, index)).map(({ name: name2 }) => indexArn(arn, name2)))
  };
}
var tagKey = /^[\p{L}\p{Z}\p{N}_.:/=+@-]{1,128}$/u;
function tenantAccessPolicy({ tables, indexes }, tenantKey2) {
  const tag = `aws:PrincipalTag/${tenantKey2}`;
  const allow = (actions, Resource) => Resource.length === 0 ? [] : [
    {
      Effect: "Allow",
      Action: actions.map((action) => `dynamodb:${action}`),
      Resource,
      Condition: {
        // `ForAllValues`, because a batch names many keys. `StringEquals`, not `StringLike`: with "a*" the tenant
        // "a" could read "a-b".
        "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": [`\${${tag}}`] },
        Null: {
          // `ForAllValues` is also true if there are no values, so this condition requires one.
          "dynamodb:LeadingKeys": "false",
          // Without the tag the variable has no value, so it matches no key. This condition requires the tag
          // explicitly, so that the policy does not depend on that rule.
          [tag]: "false"
        }
      }
    }
  ];
  if (!tagKey.test(tenantKey2))
    return void 0;
  const Statement = [...allow(itemActions, tables), ...allow(["Query"], indexes)];
  return Statement.length === 0 ? void 0 : { Version: "2012-10-17", Statement };
}

// lib/src/report/outputs.js
var namedTables = ["tenant", "users"];
function outputsOf(result) {
  const { target, plan, outcome, policies } = result;
  if (policies !== void 0)
    return { policies: JSON.stringify(policies) };
  if (target === void 0)
    return {};
  const place = { "aws-account-id": target.account, "aws-region": target.region };
  if (plan === void 0)
    return place;
  const tables = plan.tables.map((table2) => identify(table2, result));
  return {
    ...place,
    ...Object.fromEntries(tables.filter(({ logicalName }) => namedTables.includes(logicalName)).flatMap(({ logicalName, name: name2, arn }) => [
      [`${logicalName}-table-name`, name2],
      [`${logicalName}-table-arn`, arn]
    ])),
    tables: JSON.stringify(Object.fromEntries(tables.map(({ logicalName, ...table2 }) => [logicalName, table2]))),
    "has-changes": String(plan.steps.length > 0),
    "changes-count": String(plan.steps.length),
    changed: String(outcome?.steps.some(mayHaveChanged) ?? false),
    plan: (0,CPBUXW7X/* renderPlanDocument */.Fr)(plan),
    "plan-digest": (0,CPBUXW7X/* digestPlan */.w0)(plan),
    ...describeTenantAccess(tables, result)
  };
}
function identify({ logicalName, name: name2, ...planned }, result) {
  const observed = lastObserved(name2, result);
  if (isDeleted(name2, result.outcome) || observed?.status === "absent")
    return { logicalName, name: name2, arn: planned.arn };
  const { arn, id, streamArn } = observed?.status === "ready" ? observed : planned;
  const indexNames = observed?.status === "ready" ? (0,MHPL2HJH/* indexesOf */.O7)(observed.properties).map((index) => index.name) : [];
  return {
    logicalName,
    name: name2,
    arn,
    ...id === void 0 ? {} : { id },
    ...streamArn === void 0 ? {} : { streamArn },
    ...indexNames.length === 0 ? {} : { indexNames: indexNames.sort() }
  };
}
function lastObserved(table2, { observed, outcome }) {
  return (outcome?.observed ?? observed)?.get(table2);
}
function isDeleted(table2, outcome) {
  const steps = outcome?.steps ?? [];
  return steps.some(({ step, result }) => step.kind === "delete" && step.table === table2 && result.status === "applied");
}
function describeTenantAccess(tables, result) {
  const { definitions = [], tenantKey: tenantKey2 = "" } = result;
  const accessed = definitions.flatMap(({ name: name2, properties: declared }) => {
    const arn = tables.find((table2) => table2.name === name2)?.arn;
    const observed = lastObserved(name2, result);
    if (arn === void 0)
      return [];
    return [{ arn, declared, ...observed?.status === "ready" ? { observed: observed.properties } : {} }];
  });
  const policy = tenantAccessPolicy(tenantResources(accessed, tenantKey2), tenantKey2);
  return policy === void 0 ? {} : { "tenant-access-policy": JSON.stringify(policy) };
}

// lib/src/report/markdown.js
var linkable = /^https?:\/\/[\w.:/?=#-]+$/;
var longestLine = 8192;
function markdownOf(redact) {
  const clean = (value) => (0,MHPL2HJH/* visible */.RK)(redact(value));
  return {
    code: (value) => inlineCode((0,MHPL2HJH/* shorten */.ml)(clean(value))),
    block: (lines, language = "text") => codeBlock(lines.map((line) => (0,MHPL2HJH/* shorten */.ml)(clean(line), longestLine)).join("\n"), language),
    text: (value) => sentence(clean(value)),
    shortText: (value) => sentence((0,MHPL2HJH/* shorten */.ml)(clean(value))),
    link: (label, url = "") => linkable.test(url) && redact(url) === url ? `[${label}](${url})` : label
  };
}
function inlineCode(value) {
  const spaced = value.replace(/^ | $| (?= )/g, "\\u{20}");
  return `<code>${escapeMarkup(spaced).replaceAll("&#64;", "<wbr>&#64;")}</code>`;
}
function codeBlock(text3, language) {
  const longest = [...text3.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}
${text3}
${fence}`;
}
function sentence(value) {
  return escapeMarkup(value).replace(/&#(64|35);|(?<![\p{L}\p{N}])(?:gh(?=-\d)|ghsa(?=-))/giu, "$&&#8203;").replace(/^[\s+=-]|(?<=^\d{1,9})[.)]/, toEntity);
}
function escapeMarkup(value) {
  return value.replace(/[^\p{L}\p{N}\p{M} ,;.:'"()/=?%+_-]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\.|(?<=mailto|xmpp):/giu, toEntity);
}
function toEntity(character) {
  return `&#${character.codePointAt(0)};`;
}
function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
function bundle_alert(kind, body) {
  const lines = body.split("\n").map((line) => line === "" ? ">" : `> ${line}`);
  return [`> [!${kind}]`, ...lines].join("\n");
}
function folded(title, body) {
  return `<details><summary>${title}</summary>

${body}

</details>`;
}

// lib/src/report/console.js
var consoles = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
  "aws-eusc": "console.amazonaws-eusc.eu"
};
function consoleUrl({ partition: partition2, region }, endpoints = [], table2) {
  const host = consoles[partition2];
  if (host === void 0 || endpoints.some(({ service }) => service === "DynamoDB"))
    return void 0;
  const page = table2 === void 0 ? "tables" : `table?name=${table2}`;
  return `https://${region}.${host}/dynamodbv2/home?region=${region}#${page}`;
}

// lib/src/report/plan-lines.js
function renderPlanLines(plan) {
  const { tables, steps, refusals, notices } = plan;
  const found = tables.filter(({ status: status2 }) => status2 === "ready").length;
  return [
    `${(0,MHPL2HJH/* count */.U9)(tables.length, "table")} defined, ${found} found.`,
    ...steps.map((step) => `${markOf(step)} ${(0,CPBUXW7X/* describeStep */.Ey)(step)}${describeRisk(step)}`),
    // Each refusal is an error annotation, which the log shows too.
    ...refusals.length === 0 ? [] : [`! refused, for ${(0,MHPL2HJH/* count */.U9)(refusals.length, "reason")}: see the errors below`],
    ...notices.map(({ message }) => `  ${message}`),
    ...tables.flatMap(({ name: name2, unmanaged }) => unmanaged.map((setting) => `  unmanaged on "${name2}", ${describeTreatment(plan, name2, setting)}: ${setting.path} = ${(0,MHPL2HJH/* shorten */.ml)(setting.value)}`)),
    ...steps.length === 0 && refusals.length === 0 ? ["Nothing to do."] : []
  ];
}
function markOf(step) {
  if (step.kind === "create")
    return "+";
  return (0,CPBUXW7X/* isDisruptive */.Oy)(step) ? "-" : "~";
}
function describeRisk(step) {
  if ((0,CPBUXW7X/* isDisruptive */.Oy)(step))
    return " (disruptive)";
  const duration = (0,CPBUXW7X/* usualDuration */.rV)(step);
  return duration === void 0 ? "" : ` (slow: usually ${duration})`;
}
var treatmentsByDestroy = {
  replica: "not deleted with the table",
  encryptionKey: "deleted with the table, but not the KMS key itself"
};
function describeTreatment(plan, table2, { path, value }) {
  const updates = (0,CPBUXW7X/* stepsOf */.B_)(plan, table2).filter((step) => step.kind === "update");
  if (path === "globalIndex" && updates.some((step) => (0,CPBUXW7X/* isDisruptive */.Oy)(step) && (0,CPBUXW7X/* partOf */.BU)(step) === value)) {
    return "deleted by this plan";
  }
  if (path === "onDemandThroughput" && updates.some(({ property }) => property === "BillingMode")) {
    return "removed by this plan";
  }
  return plan.policy.destroy ? treatmentsByDestroy[path] ?? "deleted with the table" : "left as it is";
}

// lib/src/report/verdict.js
function describeVerdict(result) {
  return { subject: result.target?.environment.name ?? "Tenant Tables", ...describeEnd(result) };
}
function describeEnd(result) {
  const isFailed = (result.plan?.refusals.length ?? 0) + failuresOf(result).length > 0;
  if (isFailed)
    return { tone: "failure", sentence: describeFailure2(result) };
  const { command: command2, plan, policies, outcome, verification } = result;
  if (policies !== void 0)
    return succeeded("policies made, AWS was not called");
  if (plan === void 0)
    return succeeded("nothing was done");
  if (verification !== void 0) {
    return succeeded(verification.sampleItems ? "as defined; sample items were written, found and deleted again" : "as defined; no sample items were written");
  }
  if (plan.steps.length === 0)
    return succeeded(`${describeTables(plan, outcome)}, nothing changed`);
  if (command2 === "plan" || outcome === void 0) {
    return { tone: "attention", sentence: `${changesOf(plan)} planned, nothing written yet` };
  }
  const [dropped, postponed] = [countSteps(outcome, "dropped"), countSteps(outcome, "postponed")];
  const building = outcome.steps.filter(({ result: step }) => "isStillBuilding" in step).length;
  const others = [
    ...dropped > 0 ? [`${dropped} ${states.dropped}`] : [],
    ...postponed > 0 ? [`${postponed} ${states.postponed}`] : [],
    ...building > 0 ? [`${(0,MHPL2HJH/* count */.U9)(building, "index build")} still in progress`] : []
  ];
  return {
    tone: postponed + building > 0 ? "attention" : "success",
    sentence: [`${(0,MHPL2HJH/* count */.U9)(plan.steps.length - dropped - postponed, "change")} applied`, ...others].join(", ")
  };
}
function succeeded(sentence2) {
  return { tone: "success", sentence: sentence2 };
}
function describeFailure2({ command: command2, plan, outcome, verification, error }) {
  if (plan === void 0)
    return "failed before anything was written";
  if (plan.refusals.length > 0)
    return `refused for ${(0,MHPL2HJH/* count */.U9)(plan.refusals.length, "reason")}, nothing written`;
  if (verification !== void 0)
    return "verification failed";
  if (outcome === void 0) {
    return command2 === "plan" && plan.steps.length > 0 ? `drift: ${changesOf(plan)} planned, nothing written` : "failed";
  }
  const applied = `${countSteps(outcome, "applied")} of ${changesOf(plan)}`;
  const isDeferral = outcome.steps.some(({ result }) => result.status === "deferred" && result.error === outcome.error);
  return error === void 0 && isDeferral ? `${applied} applied, ${countSteps(outcome, "deferred")} ${states.deferred}` : `failed after ${applied}`;
}
function changesOf({ steps }) {
  return (0,MHPL2HJH/* count */.U9)(steps.length, "change");
}
function countSteps({ steps }, status2) {
  return steps.filter(({ result }) => result.status === status2).length;
}
function describeTables({ policy, tables }, outcome) {
  if (!policy.destroy)
    return "as defined";
  return tables.every(({ name: name2, status: status2 }) => (outcome?.observed.get(name2)?.status ?? status2) === "absent") ? "no such tables in this account and region" : "the tables are gone or being deleted";
}

// lib/src/report/sections.js
var toneIcons = { success: "\u2705", attention: "\u{1F7E1}", failure: "\u{1F534}" };
function renderHead({ code: code2, shortText, link }, result, origin) {
  const { target, endpoints } = result;
  const { tone, subject, sentence: sentence2 } = describeVerdict(result);
  const title = `### ${toneIcons[tone]} ${shortText(subject)}: ${sentence2}`;
  if (target === void 0)
    return [title, origin.join(" \xB7 ")];
  const { account, region, environment } = target;
  const place = [
    code2(account),
    link(shortText(region), consoleUrl(target, endpoints)),
    `environment ${code2(environment.name)}${environment.production ? " \u{1F512}" : ""}`,
    ...origin
  ];
  return [title, place.join(" \xB7 ")];
}
function renderRefusals({ text: text3, block }, refusals) {
  if (refusals.length === 0)
    return "";
  const last = new Map(refusals.map(({ code: code2 }, index) => [code2, index]));
  const sections = refusals.flatMap(({ code: code2, reason, remedy }, index) => {
    const hasLine = remedy.endsWith(`: ${code2}`) && last.get(code2) === index;
    const shown = hasLine ? remedy.slice(0, -code2.length).trimEnd() : remedy;
    return [`**Refused:** ${text3(reason)}`, `**To fix:** ${text3(shown)}`, ...hasLine ? [block([code2])] : []];
  });
  return bundle_alert("CAUTION", joinSections(sections));
}
function renderChanges(markdown, result) {
  const { plan, outcome, target, endpoints } = result;
  if (plan === void 0 || target === void 0 || plan.steps.length === 0)
    return "";
  const { code: code2, link } = markdown;
  const results = new Map(outcome?.steps.map(({ step, result: ofStep }) => [step, ofStep]));
  const rows = plan.tables.flatMap(({ name: name2 }) => (0,CPBUXW7X/* stepsOf */.B_)(plan, name2).map((step, index) => [
    iconOf(step),
    index === 0 ? link(code2(name2), consoleUrl(target, endpoints, name2)) : "",
    `${renderStep(markdown, step)}${renderRisk(markdown, step, results.get(step))}`,
    ...outcome === void 0 ? [] : [renderResult(results.get(step))]
  ]));
  return table(["", "Table", "Change", ...outcome === void 0 ? [] : ["Result"]], rows);
}
function iconOf(step) {
  if (step.kind === "create")
    return "\u2795";
  if (step.kind === "delete")
    return "\u{1F5D1}\uFE0F";
  if ((0,CPBUXW7X/* isDisruptive */.Oy)(step))
    return "\u26A0\uFE0F";
  return (0,CPBUXW7X/* usualDuration */.rV)(step) === void 0 ? "\u270F\uFE0F" : "\u{1F422}";
}
function renderRisk({ code: code2 }, step, result) {
  const lines = (0,CPBUXW7X/* linesNeededBy */.AH)(step);
  if ((0,CPBUXW7X/* isDisruptive */.Oy)(step))
    return ` (disruptive${lines.length === 0 ? "" : `, by ${lines.map(code2).join(", ")}`})`;
  const duration = result?.status === "applied" ? void 0 : (0,CPBUXW7X/* usualDuration */.rV)(step);
  return duration === void 0 ? "" : ` (${duration})`;
}
var resultIcons = { applied: "\u2705 ", failed: "\u274C " };
function renderResult(result) {
  const words = describeResult(result).replace(/(\d) s$/, "$1&#160;s");
  return `${resultIcons[result?.status ?? "skipped"] ?? ""}${words}`;
}
var mostInGroup = 5;
function renderStep(markdown, step) {
  const changes = (0,CPBUXW7X/* settingChanges */.eC)(step);
  const groups = [...new Set(changes.flatMap(({ group }) => group ?? []))];
  const single = changes.filter(({ group }) => group === void 0);
  if (step.kind === "create") {
    const counted = groups.map((group) => (0,MHPL2HJH/* count */.U9)(membersOf(changes, group).length, group));
    return `create: ${[...single.map((change) => renderChange(markdown, change, " ")), ...counted].join(", ")}`;
  }
  return [
    ...single.map((change) => renderChange(markdown, change)),
    ...groups.map((group) => renderGroup(markdown, group, membersOf(changes, group)))
  ].join(", ");
}
function renderChange(markdown, change, separator = ": ") {
  const { code: code2, shortText } = markdown;
  const { group, name: name2, from } = change;
  const setting = group === void 0 ? shortText(name2) : `${from === void 0 ? "new " : ""}${group} ${code2(name2)}`;
  return `${setting}${separator}${renderValues(markdown, change)}`;
}
function renderValues({ code: code2 }, { from, to }) {
  return from === void 0 ? code2(to) : `${code2(from)} \u2192 ${code2(to)}`;
}
function renderGroup(markdown, group, members) {
  const [only] = members;
  if (only !== void 0 && members.length === 1)
    return renderChange(markdown, only);
  const changed = members.filter(({ from }) => from !== void 0);
  const added = members.length - changed.length;
  const named = changed.map((member2) => `${markdown.code(member2.name)}: ${renderValues(markdown, member2)}`);
  const parts = [
    ...added === 0 ? [] : [`${added} added`],
    ...named.length === 0 ? [] : [(0,MHPL2HJH/* listSome */.XT)(named, mostInGroup, `more ${group}`)]
  ];
  return `${(0,MHPL2HJH/* plural */.LS)(group)}: ${parts.join(", ")}`;
}
function membersOf(changes, group) {
  return changes.filter((change) => change.group === group);
}
function renderNotices({ text: text3 }, { plan, notices = [] }) {
  const messagesOf = (wanted) => plan?.notices.flatMap(({ level, message }) => level === wanted ? [message] : []) ?? [];
  const render = (kind, messages) => messages.length === 0 ? "" : bundle_alert(kind, messages.map((message) => text3(message)).join("\n\n"));
  return [render("WARNING", messagesOf("warning")), render("NOTE", [...messagesOf("notice"), ...notices])];
}
function renderPolicies({ block }, { policies }) {
  return Object.entries(policies ?? {}).map(([command2, policy]) => folded(`Policy for ${command2}`, block(indentJson(JSON.stringify(policy)), "json")));
}
function renderDetails(markdown, result, definition) {
  const { code: code2, text: text3, block } = markdown;
  const { plan, productionRule, review = "" } = result;
  if (plan === void 0)
    return "";
  const { tables, steps, refusals } = plan;
  const isRefused = (name2) => refusals.some((refusal) => refusal.table === name2);
  const rows = tables.map(({ name: name2, status: status2 }) => {
    const changes = (0,CPBUXW7X/* stepsOf */.B_)(plan, name2).length;
    return [code2(name2), status2, isRefused(name2) ? "refused" : changes === 0 ? "unchanged" : (0,MHPL2HJH/* count */.U9)(changes, "change")];
  });
  const values = steps.flatMap((step) => {
    const changes = (0,CPBUXW7X/* settingChanges */.eC)(step);
    return changes.length === 1 ? [] : changes.map((change) => `- ${code2(step.table)}, ${renderChange(markdown, change)}`);
  });
  const unmanaged = tables.flatMap(({ name: name2, unmanaged: settings }) => settings.map((setting) => `- ${code2(name2)}, ${describeTreatment(plan, name2, setting)}: ${code2(setting.path)} = ${code2(setting.value)}`));
  const contents = [
    (0,MHPL2HJH/* count */.U9)(tables.length, "table"),
    ...values.length === 0 ? [] : [(0,MHPL2HJH/* count */.U9)(values.length, "value")],
    ...unmanaged.length === 0 ? [] : [(0,MHPL2HJH/* count */.U9)(unmanaged.length, "unmanaged setting")],
    ...definition === "" ? [] : ["definition"],
    "digest"
  ];
  return folded(`Details: ${contents.join(", ")}`, joinSections([
    table(["Table", "Before the run", "Plan"], rows),
    block(tables.map(({ arn }) => arn)),
    values.length === 0 ? "" : `Every value of the changes:

${values.join("\n")}`,
    unmanaged.length === 0 ? "" : `Unmanaged settings:

${unmanaged.join("\n")}`,
    productionRule === void 0 ? "" : `The environment is ${text3(productionRule)}.`,
    text3(review),
    `Plan digest:

${block([(0,CPBUXW7X/* digestPlan */.w0)(plan)])}`,
    definition
  ]));
}
function renderDefinition({ shortText, block }, result) {
  const { command: command2, definitionFile, definitions } = result;
  if (command2 !== "plan" || definitionFile === void 0 || definitions === void 0)
    return "";
  return `Definition by ${shortText(definitionFile)} in this environment:

${block(definitions.flatMap(renderFields), "yaml")}`;
}
function renderFields({ logicalName, fields }) {
  const lines = Object.entries(fields).flatMap(([name2, value]) => Array.isArray(value) && value.length > 0 ? [`  ${name2}:`, ...value.map((item) => `    - ${renderOnOneLine(item)}`)] : [`  ${name2}: ${renderOnOneLine(value)}`]);
  return [`${JSON.stringify(logicalName)}:`, ...lines];
}
function renderOnOneLine(value) {
  return JSON.stringify(value, void 0, 1).replace(/\n */g, " ");
}
function renderFailures(markdown, result) {
  const progress = result.outcome === void 0 ? describeProgress(result) : "";
  const failures = failuresOf(result).map((error, index) => renderFailure(markdown, (0,CPBUXW7X/* describeError */.Uc)(error), index === 0 ? progress : ""));
  return failures.length === 0 ? "" : bundle_alert("CAUTION", joinSections(failures));
}
function renderFailure({ text: text3, block }, error, progress) {
  const { message, problems, remedy, facts, statements, causes } = error;
  return joinSections([
    `**Failed:** ${text3(message)}`,
    problems.map((problem) => `- ${text3(problem)}`).join("\n"),
    remedy === void 0 ? "" : `**To fix:** ${text3(remedy)}`,
    text3(progress),
    facts.length === 0 ? "" : block(facts.map(({ name: name2, value }) => `${name2}: ${value}`)),
    ...statements.map((statement) => `The statement to add:

${block(indentJson(statement), "json")}`),
    causes.length === 0 ? "" : `Caused by:

${block(causes)}`
  ]);
}
function indentJson(json) {
  return JSON.stringify(JSON.parse(json), void 0, 2).split("\n");
}
function joinSections(sections) {
  return sections.filter((section) => section !== "").join("\n\n");
}

// lib/src/report/page.js
var longestSummary = 1024 * 1024;
function renderSummary(result, redact, origin) {
  return renderPage(result, redact, {
    origin,
    whole: "The whole plan is in the log.",
    limit: longestSummary,
    sizeOf: (text3) => Buffer.byteLength(text3)
  });
}
var definitionLeftOut = "The definition that results from the file is left out: with it, the report is over GitHub's limit.";
function renderPage(result, redact, place) {
  const markdown = markdownOf(redact);
  const { plan } = result;
  const { mark = "", limit, sizeOf } = place;
  const head = [mark, ...renderHead(markdown, result, renderOrigin(markdown, place.origin))];
  const render = (sections) => `${joinSections([...head, ...sections])}
`;
  const renderWhole = (definition2) => render([
    renderRefusals(markdown, plan?.refusals ?? []),
    renderFailures(markdown, result),
    renderChanges(markdown, result),
    ...renderNotices(markdown, result),
    ...renderPolicies(markdown, result),
    renderDetails(markdown, result, definition2)
  ]);
  const definition = renderDefinition(markdown, result);
  for (const shown of definition === "" ? [""] : [definition, definitionLeftOut]) {
    const whole = renderWhole(shown);
    if (sizeOf(whole) <= limit)
      return whole;
  }
  const notice = `This report is shortened to GitHub's limit. ${describeTotals(result)}${place.whole}`;
  const digest = plan === void 0 ? "" : `Plan digest ${markdown.code((0,CPBUXW7X/* digestPlan */.w0)(plan))}`;
  const lines = renderReasons(markdown, result);
  const room = limit - sizeOf(render([notice, hiddenLine(lines.length), digest]));
  return render([notice, takeThatFit(lines, room, sizeOf).join("\n"), digest]);
}
function renderOrigin({ code: code2, link }, { runUrl, commit }) {
  const run = runUrl === void 0 ? [] : [link(`run ${/\d*$/.exec(runUrl)?.[0]}`, runUrl)];
  return [...run, ...commit === void 0 ? [] : [code2(commit.slice(0, 7))]];
}
function describeTotals({ plan }) {
  if (plan === void 0)
    return "";
  return `The plan has ${(0,MHPL2HJH/* count */.U9)(plan.steps.length, "step")} and ${(0,MHPL2HJH/* count */.U9)(plan.refusals.length, "refusal")}. `;
}
function renderReasons({ shortText }, result) {
  const toFix = (remedy) => remedy === void 0 ? "" : ` **To fix:** ${shortText(remedy)}`;
  return [
    ...(result.plan?.refusals ?? []).map(({ reason, remedy }) => `- Refused: ${shortText(reason)}${toFix(remedy)}`),
    ...failuresOf(result).map(CPBUXW7X/* describeError */.Uc).map(({ message, remedy }) => `- Failed: ${shortText(message)}${toFix(remedy)}`)
  ];
}
function takeThatFit(lines, room, sizeOf) {
  let left = room;
  const tooMany = lines.findIndex((line) => {
    left -= sizeOf(`${line}
`);
    return left < 0;
  });
  return tooMany === -1 ? lines : [...lines.slice(0, tooMany), hiddenLine(lines.length - tooMany)];
}
function hiddenLine(hidden) {
  return `- and ${(0,MHPL2HJH/* count */.U9)(hidden, "more reason")}`;
}

// lib/src/github/publish.js
async function publish(reached, runner) {
  await runner.load();
  const outputs = outputsOf(reached);
  const error = failuresOf(reached).length === 0 ? findSecretError(outputs, runner) : void 0;
  const result = await writeOutputs(error === void 0 ? reached : { ...reached, error }, outputs, runner);
  reportWarnings(result, runner);
  reportFailures(result, runner);
  const { tone, subject, sentence: sentence2 } = describeVerdict(result);
  runner.log.info(`${subject}: ${sentence2}`, tone);
  await unlessItFails(runner, async () => runner.writeSummary(renderSummary(result, runner.redact, originOf(runner.variables))), "The job summary could not be written.", "Set GITHUB_STEP_SUMMARY to a file that this step can write to. The log says the same.");
}
function originOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_SHA = "" }) {
  const runUrl = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
  return {
    .../^https?:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/actions\/runs\/\d+$/.test(runUrl) ? { runUrl } : {},
    .../^[0-9a-f]+$/.test(GITHUB_SHA) ? { commit: GITHUB_SHA } : {}
  };
}
var longestOutput = 524288;
function assertPublishable(result, runner) {
  const outputs = outputsOf(result);
  const error = findSecretError(outputs, runner);
  if (error !== void 0)
    throw error;
  const warnings = [
    ...Object.entries(outputs).filter(([, { length }]) => length > longestOutput).map(([name2, { length }]) => `The output ${name2} has ${length} characters, but GitHub hands at most ${longestOutput} to another job. Define fewer tables in one file, or pass the file that plan-file names as an artifact.`),
    ...warnOfPolicy(outputs["tenant-access-policy"])
  ];
  for (const warning of warnings)
    runner.log.info(warning);
  return { ...result, warnings };
}
function warnOfPolicy(policy = "") {
  if (policy.length <= longestPolicy)
    return [];
  return [
    `The output tenant-access-policy has ${policy.length} characters, but a managed policy of IAM takes ${longestPolicy}. Define fewer tables in one file, with a role for each file.`
  ];
}
function findSecretError(outputs, { findSecret }) {
  const found = Object.entries(outputs).flatMap(([name2, value]) => {
    const origin = findSecret(value);
    return origin === void 0 ? [] : [{ output: `output ${name2}`, origin }];
  });
  return found.length === 0 ? void 0 : (0,CPBUXW7X/* secretInOutputs */.es)(found);
}
async function writeOutputs(result, all, runner) {
  const outputs = Object.entries(all).filter(([, value]) => runner.findSecret(value) === void 0);
  const plan = outputs.find(([name2]) => name2 === "plan")?.[1];
  const planFile = await unlessItFails(runner, async () => plan === void 0 ? void 0 : runner.writeTemporaryFile("tenant-tables-plan.json", plan), "The plan file could not be written, so the output plan-file is not set.", "Set RUNNER_TEMP to a folder that this step can write to. The output plan holds the plan, too.");
  try {
    for (const [name2, value] of outputs)
      runner.setOutput(name2, value);
    if (planFile !== void 0)
      runner.setOutput("plan-file", planFile);
    return result;
  } catch (cause) {
    const error = new MHPL2HJH/* RemedyError */.By("The outputs could not be written, so later steps do not get them.", "Free space on the disk, set GITHUB_OUTPUT to a file that this step can write to, and run again.", { cause });
    if (failuresOf(result).length === 0)
      return { ...result, error };
    runner.fail("Tenant Tables: failed", (0,CPBUXW7X/* renderError */.vr)(error));
    return result;
  }
}
async function unlessItFails(runner, work, message, remedy) {
  try {
    return await work();
  } catch (cause) {
    runner.warning("Tenant Tables", (0,CPBUXW7X/* renderError */.vr)(new MHPL2HJH/* RemedyError */.By(message, remedy, { cause })));
    return void 0;
  }
}
function reportWarnings({ warnings = [], notices = [], plan, verification }, runner) {
  for (const notice of notices)
    runner.notice("Tenant Tables", notice);
  const ofPlan = plan?.notices.flatMap(({ level, message }) => level === "warning" ? [message] : []) ?? [];
  for (const warning of [...warnings, ...ofPlan, ...verification?.warnings ?? []]) {
    runner.warning("Tenant Tables", warning);
  }
}
function reportFailures(result, runner) {
  for (const { reason, remedy } of result.plan?.refusals ?? []) {
    runner.fail("Tenant Tables: refused", `${reason}
To fix: ${remedy}`);
  }
  const progress = describeProgress(result);
  for (const [index, error] of failuresOf(result).entries()) {
    const after = index === 0 && progress !== "" ? `
${progress}` : "";
    runner.fail("Tenant Tables: failed", `${(0,CPBUXW7X/* renderError */.vr)(error)}${after}`);
  }
}

// lib/src/report/comment.js

var longestComment = 65536;
function markComment({ account, region, environment }, tableNamePrefix, definitionFile) {
  const file = definitionFile === void 0 ? [] : [definitionFile];
  const identity = JSON.stringify([account, region, environment.name.toLowerCase(), tableNamePrefix, ...file]);
  return `<!-- tenant-tables ${(0,external_node_crypto_.createHash)("sha256").update(identity).digest("hex").slice(0, 32)} -->`;
}
function renderComment({ result, mark, redact, ...origin }) {
  const { link } = markdownOf(redact);
  const ofRun = origin.runUrl === void 0 ? "" : ` of ${link("the run", origin.runUrl)}`;
  return renderPage(result, redact, {
    mark,
    origin,
    whole: `The whole plan is in the job summary${ofRun}.`,
    limit: longestComment,
    sizeOf: ({ length }) => length
  });
}

// lib/src/github/api.js
var GitHubError = class extends Error {
  name = "GitHubError";
  /** The HTTP status, which is 429 for every rate limit. */
  status;
  /** In milliseconds by the clock of the run: the time before which GitHub accepts no other call, if it gave one. */
  retryAt;
  constructor(message, status2, options = {}) {
    super(message, options);
    this.status = status2;
    this.retryAt = options.retryAt;
  }
};
var requestTimeoutMilliseconds = 1e4;
async function connectGitHub(place, run) {
  const { owner, repository: repo, token, apiUrl: baseUrl } = place;
  const url = new URL(baseUrl);
  const proxy = proxyFor(url);
  const { getOctokit } = await __nccwpck_require__.e(/* import() | comment */ 394).then(__nccwpck_require__.bind(__nccwpck_require__, 2413));
  const { rest, graphql, paginate, hook } = getOctokit(token, { baseUrl, log: silent });
  hook.wrap("request", async (request, options) => {
    const signal = AbortSignal.any([run.abort, AbortSignal.timeout(requestTimeoutMilliseconds)]);
    options.request = { ...options.request, log: silent, redirect: "error", signal };
    const response = await request(options);
    if (typeof response.data === "string")
      throw new GitHubError("GitHub's response was cut off", 502);
    return response;
  });
  const call = (send) => retry(run, () => send().catch((error) => {
    throw isRequestError(error) ? explainFailure2(error, url, proxy, run.clock.now()) : error;
  }), () => "GitHub's API");
  return {
    /** The numbers of the pull requests of this repository that were merged as the commit, or that have it as their head. */
    findPullRequests: (commit_sha, search) => call(async () => {
      const request = { owner, repo, commit_sha, per_page: 100 };
      const listed = await paginate(rest.repos.listPullRequestsAssociatedWithCommit, request);
      const own = listed.filter(({ base }) => base.repo.full_name.toLowerCase() === `${owner}/${repo}`.toLowerCase());
      const merged = own.filter(({ merged_at, merge_commit_sha }) => merged_at && merge_commit_sha === commit_sha);
      const open = own.filter(({ state, head }) => state === "open" && head.sha === commit_sha);
      const chosen = search === "merged-or-open" && merged.length > 0 ? merged : open;
      return chosen.map(({ number }) => number);
    }),
    /** Edits the comment of this token that starts with the mark, or writes a new one. @returns its address */
    writeComment: (issue_number, mark, body) => (
      // Every try searches again: if its response was lost, an earlier try may have written the comment.
      call(async () => {
        const { viewer } = await graphql("query { viewer { login } }");
        const comments = await paginate(rest.issues.listComments, { owner, repo, issue_number, per_page: 100 });
        const own = comments.find((comment) => comment.body?.startsWith(mark) && isBy(comment.user, viewer.login));
        const { data, status: status2 } = own === void 0 ? await rest.issues.createComment({ owner, repo, issue_number, body }) : await rest.issues.updateComment({ owner, repo, comment_id: own.id, body });
        if (typeof data.html_url !== "string")
          throw new GitHubError("GitHub's response is not a comment", status2);
        return data.html_url;
      })
    )
  };
}
var silent = { debug: () => void 0, info: () => void 0, warn: () => void 0, error: () => void 0 };
function isBy(user, login) {
  return user !== null && (user.login === login || user.type === "Bot" && user.login === `${login}[bot]`);
}
function explainFailure2(error, url, proxy, now) {
  const explained = explainUnreachable(url, "GITHUB_API_URL", error);
  if (error.response === void 0 && explained instanceof UnreachableError) {
    const isOfProxy = proxy !== void 0 && remedyForCertificate(explained.code) === void 0;
    return isOfProxy ? new ProxyError(proxy, url.host, findNetworkError(error)) : explained;
  }
  const headers = error.response?.headers ?? {};
  const seconds = Number(headers["retry-after"] ?? 0);
  const isForbiddenByLimit = seconds > 0 || headers["x-ratelimit-remaining"] === "0" || /rate limit/i.test(error.message);
  const isRateLimit = error.status === 429 || error.status === 403 && isForbiddenByLimit;
  const retryAt = isRateLimit && seconds > 0 ? now + seconds * 1e3 : void 0;
  const until = retryAt === void 0 ? "" : `; try again after ${new Date(retryAt).toISOString()}`;
  const status2 = isRateLimit ? 429 : tunnelStatus(error) ?? error.status;
  return new GitHubError(`${error.message}${until}`, status2, { cause: error.cause, retryAt });
}
function tunnelStatus(error) {
  const [, status2] = /Proxy response \((\d{3})\)/.exec((0,CPBUXW7X/* renderError */.vr)(error)) ?? [];
  return status2 === void 0 ? void 0 : Number(status2);
}
function isRequestError(error) {
  return (0,CPBUXW7X/* isErrorLike */.u7)(error) && "status" in error && typeof error.status === "number";
}

// lib/src/github/pull-request.js
function pullRequestOf(variables, payload) {
  const { GITHUB_EVENT_NAME: event = "", GITHUB_SHA: commit, GITHUB_REF: ref = "" } = variables;
  switch (event) {
    case "pull_request":
    case "pull_request_target":
    case "pull_request_review":
    case "pull_request_review_comment":
      return byNumber(event, member(payload, "pull_request", "number"), member(payload, "pull_request", "head", "sha"));
    case "issue_comment":
      return member(payload, "issue", "pull_request") ? byNumber(event, member(payload, "issue", "number")) : none("the event issue_comment is about an issue, not about a pull request");
    case "workflow_run":
      if (isOfDefaultBranch(payload))
        return none("the event workflow_run is about a run on the default branch");
      return byAssociation(event, payload, member(payload, event, "event") === "push" ? "merged-or-open" : "open");
    case "check_run":
    case "check_suite":
      return byAssociation(event, payload, "open");
    case "merge_group":
      return byNumber(event, Number(/^refs\/heads\/gh-readonly-queue\/.+\/pr-(\d+)-[0-9a-f]+$/.exec(ref)?.[1]), commit);
    case "push":
      return member(payload, "deleted") === true ? none("the event push deleted a branch or tag") : byCommit(event, commit, "merged-or-open");
    case "workflow_dispatch": {
      const branch = member(payload, "repository", "default_branch");
      if (typeof branch !== "string")
        return none("the event workflow_dispatch does not name the default branch");
      return ref === `refs/heads/${branch}` ? none("the event workflow_dispatch on the default branch is not about a pull request") : byCommit(event, commit, "open");
    }
    case "":
      return none("GITHUB_EVENT_NAME is not set");
    default:
      return none(`the event ${event} is not about a pull request`);
  }
}
function pullRequestFound(numbers, { commit, search }) {
  return onlyOne(numbers, commit) ?? none(search === "open" ? `no open pull request has the commit ${commit} as its head` : `no pull request was merged as the commit ${commit}, and no open one has it as its head`);
}
function byAssociation(event, payload, search) {
  const commit = member(payload, event, "head_sha");
  const associated = member(payload, event, "pull_requests");
  const numbers = (Array.isArray(associated) ? associated : []).filter((each) => isOfRepository(each, member(payload, "repository", "id"))).map((each) => member(each, "number")).filter(isNumber);
  return onlyOne(numbers, commit) ?? byCommit(event, commit, search);
}
function isOfDefaultBranch(payload) {
  const event = String(member(payload, "workflow_run", "event"));
  const isAboutCommit = event === "push" || event === "merge_group" || event.startsWith("pull_request");
  const branch = member(payload, "repository", "default_branch");
  return !isAboutCommit && branch !== void 0 && member(payload, "workflow_run", "head_branch") === branch;
}
function isOfRepository(pullRequest, repository) {
  const base = member(pullRequest, "base", "repo", "id");
  return base === void 0 || base === repository;
}
function onlyOne(numbers, commit) {
  const [number, ...others] = new Set(numbers);
  if (number === void 0)
    return void 0;
  if (others.length === 0)
    return known(number, commit);
  return none(`more than one pull request has this commit: ${[number, ...others].map((each) => `#${each}`).join(", ")}`);
}
function byNumber(event, number, commit) {
  return isNumber(number) ? known(number, commit) : none(`the event ${event} does not name its pull request`);
}
function byCommit(event, commit, search) {
  return isCommit(commit) ? { kind: "commit", commit, search } : none(`the event ${event} does not name its commit`);
}
function known(number, commit) {
  return { kind: "number", number, commit: isCommit(commit) ? commit : void 0 };
}
function none(reason) {
  return { kind: "none", reason };
}
function isNumber(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
function isCommit(value) {
  return typeof value === "string" && /^[0-9a-f]+$/.test(value);
}
function member(value, ...path) {
  return path.reduce((parent, name2) => typeof parent === "object" && parent !== null ? parent[name2] : void 0, value);
}

// lib/src/github/publish-comment.js
var longestSeconds = 60;
async function publishComment(inputs, result, runner, run) {
  const { gitHubToken: token } = inputs;
  if (token === void 0)
    return;
  const tooLate = new MHPL2HJH/* StoppedError */.Ko(`GitHub's API did not accept it within ${longestSeconds} seconds.`, "Check GitHub's status. The job summary holds the plan, too.");
  try {
    runner.mask(token, "github-token");
    if (run.stop.aborted)
      throw run.stop.reason;
    await (0,MHPL2HJH/* withinSeconds */.NH)(run, longestSeconds, tooLate, (limited) => writeComment(inputs, token, result, runner, limited));
  } catch (error) {
    runner.warning("Tenant Tables", `The pull request comment could not be written. ${explainRefusal(error)}`);
  }
}
async function writeComment(inputs, token, result, runner, run) {
  const { variables } = runner;
  const place = placeOf2(variables, token);
  const event = pullRequestOf(variables, await runner.readEvent());
  if (event.kind === "none")
    return noticeAbsence(event.reason, runner);
  const target = result.target ?? expectedTarget(inputs);
  if (token === "") {
    throw new MHPL2HJH/* RemedyError */.By("comment is true, but github-token is empty.", "Omit github-token to use the token of the job, or give a token that may write to pull requests.");
  }
  run.log.info("Writing the comment on the pull request");
  const gitHub = await connectGitHub(place, run);
  const pullRequest = event.kind === "number" ? event : pullRequestFound(await gitHub.findPullRequests(event.commit, event.search), event);
  if (pullRequest.kind === "none")
    return noticeAbsence(pullRequest.reason, runner);
  const { number, commit } = pullRequest;
  const mark = markComment(target, inputs.tableNamePrefix, inputs.definitionFile);
  const body = renderComment({
    result: { ...result, target },
    mark,
    ...originOf(variables),
    commit,
    redact: runner.redact
  });
  run.log.info(`Comment: ${await gitHub.writeComment(number, mark, runner.redact(body))}`);
}
function placeOf2({ GITHUB_REPOSITORY = "", GITHUB_API_URL: apiUrl }, token) {
  const [, owner, repository] = /^([\w.-]+)\/([\w.-]+)$/.exec(GITHUB_REPOSITORY) ?? [];
  if (owner === void 0 || repository === void 0 || !apiUrl) {
    throw new MHPL2HJH/* RemedyError */.By("GITHUB_REPOSITORY or GITHUB_API_URL is not set.", "Run the action in a GitHub workflow.");
  }
  return { owner, repository, token, apiUrl };
}
function expectedTarget({ roles, region, environment }) {
  const role2 = roles.at(-1);
  if (role2 === void 0) {
    throw new MHPL2HJH/* RemedyError */.By("The run failed before its account was known.", "Fix the failure, and run again.");
  }
  return { account: role2.account, partition: role2.partition, region, environment };
}
function noticeAbsence(reason, runner) {
  runner.notice("Tenant Tables", `No comment was written: ${reason}.`);
}
function explainRefusal(error) {
  if (!(error instanceof GitHubError) || ![401, 403, 404].includes(error.status))
    return (0,CPBUXW7X/* renderError */.vr)(error);
  return `${(0,CPBUXW7X/* errorMessage */.gJ)(error)}
To fix: Give the job "permissions: { pull-requests: write, contents: read }". A pull request from a fork has a token that can only read.`;
}

// lib/src/aws/policies.js
function makePolicies({ roles, allowedAccountIds, region, sampleItems }, definitions) {
  const role2 = roles.at(-1);
  const account = role2?.account ?? (allowedAccountIds.length === 1 ? allowedAccountIds[0] : void 0);
  const place = {
    partition: role2?.partition ?? (region === "" ? "aws" : partitionOf(region)),
    account: account ?? "*",
    region: region === "" ? "*" : region
  };
  const policies = {
    apply: policyFor("apply", place, definitions),
    plan: policyFor("plan", place, definitions),
    verify: policyFor(sampleItems ? "verify" : "plan", place, definitions),
    destroy: policyFor("destroy", place, definitions)
  };
  const limits = Object.entries(policies).flatMap(([name2, policy]) => noticeLimits(name2, policy));
  return { policies, notices: [...noticeUnknown(place), ...limits] };
}
function noticeUnknown({ partition: partition2, account, region }) {
  return [
    ...region === "*" ? [`No region is known, so the policies are for all regions of the partition ${partition2}. Give aws-region.`] : [],
    ...account === "*" ? [
      "No account is known, so the policies have * in its place. Give role-to-assume, or one account in allowed-account-ids."
    ] : []
  ];
}
function noticeLimits(name2, policy) {
  const { length } = JSON.stringify(policy);
  return [
    ...length > longestPolicy ? [
      `The policy ${name2} has ${length} characters, but a managed policy of IAM takes ${longestPolicy}. Spread its statements over several policies.`
    ] : [],
    ...length > longestSessionPolicy ? [
      `The policy ${name2} has ${length} characters, but a session policy of STS takes ${longestSessionPolicy}: restrict-session cannot be used with command: ${name2}.`
    ] : []
  ];
}

// lib/src/github/show-policies.js
function showPolicies(inputs, { log }) {
  const { definition, environment } = inputs;
  const definitions = environment.name === "" ? (0,MHPL2HJH/* defineEverywhere */.Ow)(definition, inputs) : inputs.definitions;
  const { policies, notices } = makePolicies(inputs, definitions);
  for (const [name2, policy] of Object.entries(policies)) {
    (0,CPBUXW7X/* logGroup */.QT)(log, `Policy ${name2}`, JSON.stringify(policy, void 0, 2).split("\n"));
  }
  return { policies, notices };
}

// lib/src/inputs/definition-file.js
async function loadDefinitionFile(input, readFile2) {
  const path = input("definition-file").trim();
  if (path === "")
    return void 0;
  try {
    const text3 = await readFile2(path);
    const { readDefinition } = await Promise.all(/* import() | definition */[__nccwpck_require__.e(815), __nccwpck_require__.e(520)]).then(__nccwpck_require__.bind(__nccwpck_require__, 3593));
    return readDefinition(text3, path);
  } catch (error) {
    if (!(error instanceof MHPL2HJH/* RemedyError */.By))
      throw error;
    return { problems: [`definition-file: ${error.message} ${error.remedy}`] };
  }
}

// lib/src/aws/sdk-settings.js
var services = ["STS", "DynamoDB", "KMS", "SSO", "SSO OIDC", "Signin"];
function readSdkSettings(variables, sharedConfig) {
  const sources = findSources(variables, sharedConfig);
  const { find, findEndpoint: findEndpoint2, ignoresEndpoints } = sources;
  const booleans = [
    find("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
    find("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
    ignoresEndpoints
  ];
  const urls = [
    ...services.map(findEndpoint2),
    find("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint")
  ];
  const problems = [
    ...booleans.flatMap(findBooleanProblems),
    ...urls.flatMap(findUrlProblems),
    ...findSectionProblems(sources)
  ];
  return {
    // Services may share an endpoint, whose problem is reported once.
    problems: [...new Set(problems)],
    endpoints: findCustomEndpoints(sources),
    warnings: findIgnoredSettings(variables, sources)
  };
}
function findCustomEndpoints({ findEndpoint: findEndpoint2 }) {
  const endpoints = services.slice(0, 3).flatMap((service) => {
    const found = findEndpoint2(service);
    return found === void 0 ? [] : [{ service, url: found.value.replace(/\/$/, ""), setting: found.setting }];
  });
  const isShared = (setting) => endpoints.some((each) => each.service !== "KMS" && each.setting === setting);
  return endpoints.filter(({ service, setting }) => service !== "KMS" || !isShared(setting));
}
function findSources(variables, { configFile, credentialsFile }) {
  const profileName = variables.AWS_PROFILE || "default";
  const profile = { ...credentialsFile[profileName], ...configFile[profileName] };
  const section = configFile[`services.${profile.services}`];
  const settingOf = (value, setting) => value ? { value, setting } : void 0;
  const findVariable = (name2) => settingOf(variables[name2], name2);
  const findKey = (key) => settingOf(profile[key], `${key} of the profile ${(0,MHPL2HJH/* quote */.hD)(profileName)}`);
  const find = (variable, key) => findVariable(variable) ?? findKey(key);
  const ignoresEndpoints = find("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
  const findEndpoint2 = (service) => {
    if (ignoresEndpoints?.value === "true")
      return void 0;
    const id = service.replaceAll(" ", "_").toUpperCase();
    const key = id.toLowerCase();
    return findVariable(`AWS_ENDPOINT_URL_${id}`) ?? findVariable("AWS_ENDPOINT_URL") ?? settingOf(section?.[`${key}.endpoint_url`], `endpoint_url of ${key} in the services section ${(0,MHPL2HJH/* quote */.hD)(profile.services ?? "")}`) ?? findKey("endpoint_url");
  };
  return { profileName, profile, section, find, ignoresEndpoints, findEndpoint: findEndpoint2 };
}
function findIgnoredSettings(variables, { find }) {
  const bundle = find("AWS_CA_BUNDLE", "ca_bundle");
  if (bundle === void 0 || variables.NODE_EXTRA_CA_CERTS)
    return [];
  return [
    `${bundle.setting} is set, but this action does not read it. To trust the certificates in ${(0,MHPL2HJH/* quote */.hD)(bundle.value)}, set NODE_EXTRA_CA_CERTS to that path in the env of the step or of the job.`
  ];
}
function findBooleanProblems(found) {
  if (found === void 0 || found.value === "true" || found.value === "false")
    return [];
  return [`${found.setting} must be true or false, but is ${(0,MHPL2HJH/* quote */.hD)(found.value)}.`];
}
function findUrlProblems(found) {
  if (found === void 0)
    return [];
  const problem = describeUrlProblem(found.value);
  return problem === void 0 ? [] : [`${found.setting} ${problem}`];
}
function findSectionProblems({ profile, profileName, section, ignoresEndpoints }) {
  const { services: name2 } = profile;
  if (!name2 || ignoresEndpoints?.value === "true")
    return [];
  if (section === void 0) {
    return [
      `The profile ${(0,MHPL2HJH/* quote */.hD)(profileName)} names the services section ${(0,MHPL2HJH/* quote */.hD)(name2)}, which the shared config file does not have. Add "[services ${name2}]", or take "services" out of the profile.`
    ];
  }
  const known2 = services.map((service) => `${service.replaceAll(" ", "_").toLowerCase()}.endpoint_url`);
  return Object.keys(section).filter((key) => !known2.includes(key) && known2.includes(key.toLowerCase())).map((key) => `The services section ${(0,MHPL2HJH/* quote */.hD)(name2)} has ${(0,MHPL2HJH/* quote */.hD)(key.split(".")[0] ?? "")}, which must be written in lower case.`);
}
function describeUrlProblem(value) {
  const shown = (0,MHPL2HJH/* quote */.hD)(value.replace(/^(.*\/\/)?.*@/s, "$1***@").replace(/([?#]).*$/s, "$1***"));
  const url = URL.canParse(value) ? new URL(value) : void 0;
  if (url === void 0 || !["http:", "https:"].includes(url.protocol)) {
    return `must be a URL that begins with http:// or https://, such as http://localhost:4566, but is ${shown}.`;
  }
  if (url.username !== "" || url.password !== "") {
    return `must have no user name and no password, which would not be sent, but is ${shown}.`;
  }
  if (url.search !== "" || url.hash !== "")
    return `must have no ? and no #, which would not be sent, but is ${shown}.`;
  return void 0;
}

// lib/src/definition/built-in.js
var tenantKey = { AttributeName: "tenant_id", KeyType: "HASH" };
var tenantType = { AttributeName: "tenant_id", AttributeType: "S" };
var builtInDefinition = {
  tenantKey: MHPL2HJH/* defaultTenantKey */.dA,
  defaults: { BillingMode: "PAY_PER_REQUEST" },
  tables: /* @__PURE__ */ new Map([
    ["tenant", { KeySchema: [tenantKey], AttributeDefinitions: [tenantType] }],
    [
      "users",
      {
        KeySchema: [tenantKey, { AttributeName: "user_id", KeyType: "RANGE" }],
        AttributeDefinitions: [tenantType, { AttributeName: "user_id", AttributeType: "S" }]
      }
    ]
  ]),
  environments: /* @__PURE__ */ new Map()
};

// lib/src/definition/notices.js
function noticesOf(definition, environment, tables) {
  return [...describeMissingEnvironment(definition, environment), ...tables.flatMap(describeTimeToLive)];
}
var mostNames = 10;
function describeMissingEnvironment(definition, { name: name2, production }) {
  const names = [...definition.environments.keys()];
  if (name2 === "" || (0,MHPL2HJH/* environmentNamed */.b6)(definition, name2) !== void 0)
    return [];
  if (names.length === 0) {
    return production || (0,MHPL2HJH/* findSimilarWords */.MV)(name2, ["production"]) === void 0 ? [] : [{ level: "warning", message: `The environment ${(0,MHPL2HJH/* quote */.hD)(name2)} is not production. Did you mean "production"?` }];
  }
  const similar = (0,MHPL2HJH/* findSimilarWords */.MV)(name2, names);
  const found = `The definition file has no environment ${(0,MHPL2HJH/* quote */.hD)(name2)}, so its tables and defaults apply as they are.`;
  return similar === void 0 ? [{ level: "notice", message: `${found} It has ${(0,MHPL2HJH/* listSome */.XT)(names.map(MHPL2HJH/* quote */.hD), mostNames, "more environment")}.` }] : [{ level: "warning", message: `${found} Did you mean ${(0,MHPL2HJH/* quote */.hD)(similar)}?` }];
}
function describeTimeToLive({ name: name2, properties: { KeySchema, TimeToLiveSpecification }, fields }) {
  const { Enabled = false, AttributeName } = TimeToLiveSpecification ?? {};
  const definitions = fields.AttributeDefinitions ?? [];
  const type = definitions.find((each) => each.AttributeName === AttributeName)?.AttributeType;
  if (!Enabled || AttributeName === void 0 || type === void 0)
    return [];
  const isKey = KeySchema.some((key) => key.AttributeName === AttributeName);
  const start2 = `Time to live of "${name2}" uses the attribute ${(0,MHPL2HJH/* quote */.hD)(AttributeName)}`;
  const warn = (message) => [{ level: "warning", message: `${start2}${message}` }];
  if (type !== "N") {
    return warn(`, whose type is ${type}. DynamoDB deletes only items whose attribute is a number, so it deletes none.`);
  }
  return isKey ? warn(", which is part of the primary key: the time of an item can never be changed.") : [];
}

// lib/src/inputs/credential-source.js
function chooseCredentialSource(input, roles, variables) {
  if (input === "oidc")
    return { kind: "oidc" };
  const missing = describeMissingKey(variables);
  if (missing === void 0)
    return { kind: "access-key" };
  if (input === "environment") {
    return { kind: "default-chain", reason: "credential-source is environment, which has no access key" };
  }
  if (mayRequestToken(variables)) {
    return roles.length > 0 ? { kind: "oidc" } : { kind: "default-chain", reason: `${missing}, and there is no role to assume with an OIDC token` };
  }
  const noToken = (0,CPBUXW7X/* isGitHubJob */.x8)(variables) ? ', and the job lacks "permissions: { id-token: write }"' : "";
  return { kind: "default-chain", reason: `${missing}${noToken}` };
}
function mayRequestToken(variables) {
  return Boolean(variables.ACTIONS_ID_TOKEN_REQUEST_URL && variables.ACTIONS_ID_TOKEN_REQUEST_TOKEN);
}
function describeMissingKey(variables) {
  const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const given = names.filter((name2) => variables[name2]);
  if (given.length === 2)
    return void 0;
  if (given.length === 0)
    return "the environment has no access key";
  return `the environment has ${given} without ${names.filter((name2) => !variables[name2])}`;
}

// lib/src/inputs/cross-checks.js
function check2(inputs, find) {
  return { inputs, findProblems: (values, context) => [find(values, context) || []].flat() };
}
function onlyWith(commands, name2, purpose = "") {
  return check2([name2, "command"], ({ [name2]: value, command: command2 }) => String(value) === "true" && !commands.includes(command2) && `is true, but command is ${command2}. Use it only with command: ${commands[0]}${purpose}.`);
}
var protectionInputs = [
  ["deletion-protection", MHPL2HJH/* deletionProtection */.uI.name],
  ["point-in-time-recovery", MHPL2HJH/* pointInTimeRecovery */._w.name]
];
var crossChecks = [
  check2(["environment", "command"], ({ environment, command: command2 }) => environment === "" && command2 !== "policy" && "is required, but is empty. Give the name of the environment, such as dev or production."),
  check2(["aws-region", "command"], ({ "aws-region": region, command: command2 }) => region === "" && command2 !== "policy" && "is missing, and neither AWS_REGION nor AWS_DEFAULT_REGION is set. Give the region of the tables, such as ap-south-1."),
  check2(["production-environments", "environment"], ({ "production-environments": listed, environment }) => listed.filter((each) => containsWords(each, environment)).map((each) => `has ${(0,MHPL2HJH/* quote */.hD)(each)}, which contains ${(0,MHPL2HJH/* quote */.hD)(environment)} as a word, so it may be one name or several. Put a comma between names, or use lines. ${(0,CPBUXW7X/* explainLiteralForm */.vn)("production-environments")}`)),
  check2(["production", "environment", "production-environments"], ({ production: input, environment, "production-environments": listed }) => input === "false" && decideProduction(environment, { listed, input }).production && `is false, but ${(0,MHPL2HJH/* quote */.hD)(environment)} is production: prod, production and the names in production-environments always are. Leave production out, or choose another environment.`),
  check2(["role-to-assume", "aws-region"], ({ "role-to-assume": roles, "aws-region": region }, { partitionOf: partitionOf2 }) => roles.filter(({ partition: partition2 }) => region !== "" && partition2 !== partitionOf2(region)).map(({ arn, partition: partition2 }) => `has ${(0,MHPL2HJH/* quote */.hD)(arn)} of the partition ${partition2}, but the region ${region} is in the partition ${partitionOf2(region)}. Give a role and a region of the same partition.`)),
  check2(["credential-source", "role-to-assume"], ({ "credential-source": source, "role-to-assume": roles }) => source === "oidc" && roles.length === 0 && "is oidc, but role-to-assume is empty. Give the role that trusts the job, or leave credential-source out."),
  check2(["credential-source"], ({ "credential-source": source }, { variables }) => source === "oidc" && !mayRequestToken(variables) && ((0,CPBUXW7X/* isGitHubJob */.x8)(variables) ? 'is oidc, but the job may not request an OIDC token. Give the job "permissions: { id-token: write }".' : "is oidc, but only a job on GitHub has an OIDC token. Leave credential-source out, and set AWS_PROFILE or an access key.")),
  check2(["credential-source"], ({ "credential-source": source }, { variables }) => source === "environment" && Boolean(variables.AWS_ACCESS_KEY_ID) !== Boolean(variables.AWS_SECRET_ACCESS_KEY) && `is environment, but ${describeMissingKey(variables)}. Set both, or neither.`),
  // A value that was copied with its line break cannot be sent, and the SDK's error would not name it.
  check2(["credential-source"], ({ "credential-source": source }, { variables }) => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].filter((name2) => source !== "oidc" && describeMissingKey(variables) === void 0 && !isClean(variables[name2])).map((name2) => `takes ${name2} from the environment, but its value has a space, a line break or another character that such a value never has. Set it again, without the characters that were copied with it.`)),
  // STS's AssumeRoleWithWebIdentity takes none of the three: they would be lost in silence.
  ...["role-external-id", "role-source-identity", "role-session-tags"].map((name2) => check2([name2, "role-to-assume", "credential-source"], ({ [name2]: given, "role-to-assume": roles, "credential-source": source }, { variables }) => {
    if (given === "" || typeof given === "object" && given.size === 0)
      return false;
    if (roles.length === 0) {
      return "is given, but there is no role-to-assume to use it with. Give a role, or leave it out.";
    }
    return roles.length === 1 && chooseCredentialSource(source, roles, variables).kind === "oidc" && "is given, but STS does not take it for a role that is assumed with an OIDC token, and there is no other role. Leave it out, or add a second role, which the first one assumes.";
  })),
  check2(["restrict-session", "role-to-assume"], ({ "restrict-session": isRestricted, "role-to-assume": roles }) => isRestricted && roles.length === 0 && "is true, but there is no role-to-assume whose session it could restrict. Give a role, or leave it out."),
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
  check2(["role-duration-seconds", "role-to-assume"], ({ "role-duration-seconds": seconds, "role-to-assume": roles }) => roles.length > 1 && seconds > 3600 && `is ${seconds}, but the session of a role that another role assumes lasts at most 3600 seconds. Give 900 to 3600, or a single role.`),
  check2(["allowed-account-ids", "role-to-assume"], ({ "allowed-account-ids": accounts, "role-to-assume": roles }) => {
    const { account } = roles.at(-1) ?? {};
    return account !== void 0 && accounts.length > 0 && !accounts.includes(account) && `has ${accounts.map(MHPL2HJH/* quote */.hD).join(", ")}, but role-to-assume ends with a role of account ${account}. Give a role of an allowed account, or add the account.`;
  }),
  ...["expected-plan", "expected-plan-digest"].map((name2) => check2([name2, "command"], ({ [name2]: given, command: command2 }) => given !== void 0 && (command2 === "verify" || command2 === "policy") && `is given, but command is ${command2}, which performs no plan. Leave it out.`)),
  onlyWith(["plan"], "fail-on-drift"),
  check2(["fail-on-drift", "destroy"], ({ "fail-on-drift": failOnDrift, destroy }) => failOnDrift && destroy && "is true, but so is destroy: tables to delete are not drift. Give only one of them."),
  onlyWith(["verify"], "sample-items"),
  onlyWith(["plan", "destroy"], "destroy", ", to show what command: destroy would delete"),
  check2(["comment", "command"], ({ comment, command: command2 }) => comment && command2 === "policy" && "is true, but command is policy, which calls nothing. Leave it out."),
  // Typed names keep a wrong environment or prefix from deleting other tables.
  check2([
    "confirm-destroy",
    "command",
    "table-name-prefix",
    "environment",
    "production",
    "production-environments",
    "definition-file"
  ], (values, { definition }) => {
    const { "confirm-destroy": confirmed, command: command2, environment, production: input } = values;
    const { "table-name-prefix": tableNamePrefix, "production-environments": listed } = values;
    if (decideProduction(environment, { listed, input }).production)
      return false;
    const names = (0,MHPL2HJH/* nameTables */.$I)(definition, { environment, tableNamePrefix });
    const isConfirmed = [...names, ...confirmed].every((name2) => names.includes(name2) && confirmed.includes(name2));
    const found = confirmed.length === 0 ? "is empty" : `has ${confirmed.map(MHPL2HJH/* quote */.hD).join(", ")}`;
    return command2 === "destroy" && !isConfirmed && `must list the full names of the tables to delete, one a line, because command is destroy: ${names.map(MHPL2HJH/* quote */.hD).join(", ")}; but it ${found}.${(0,CPBUXW7X/* explainJoinedLines */.qc)("confirm-destroy", confirmed)}`;
  }),
  ...protectionInputs.map(([name2, property]) => check2([name2, "definition-file"], ({ [name2]: setting, "definition-file": file }) => file !== "" && setting !== "auto" && `is ${setting}, but with a definition-file the definition decides. Leave the input out, and set ${property} in ${(0,MHPL2HJH/* quote */.hD)(file)}.`)),
  check2(["tags", "environment", "definition-file"], ({ tags: tags2, environment }, { definition }) => countTags(definition, environment, tags2).filter(({ number }) => number > MHPL2HJH/* mostTags */.hp).map(({ logicalName, number }) => `has ${(0,MHPL2HJH/* count */.U9)(tags2.size, "tag")}, which make ${number} with those that the definition and the action give the table ${(0,MHPL2HJH/* quote */.hD)(logicalName)}. A table has at most ${MHPL2HJH/* mostTags */.hp}.`))
];
function countTags(definition, name2, tags2) {
  const request = { environment: { name: name2, production: false }, tableNamePrefix: "", tags: tags2 };
  const tables = (0,MHPL2HJH/* defineTables */.Zx)(definition, { ...request, deletionProtection: "auto", pointInTimeRecovery: "auto" });
  return tables.map(({ logicalName, properties: { Tags } }) => ({ logicalName, number: Tags.length }));
}
var sessionInputs = ["credential-source", "restrict-session"];
function containsWords(text3, name2) {
  const spaced = (words) => ` ${words.toLowerCase().replace(/[\s/:+]+/g, " ")} `;
  return spaced(text3) !== spaced(name2) && spaced(text3).includes(spaced(name2));
}
function isClean(value = "") {
  return /^[!-~]*$/.test(value);
}

// lib/src/inputs/inputs.js
function readInputs(source) {
  const { variables, sharedConfig } = source;
  const { values, definition, problems } = readValues(source);
  const { problems: settingProblems, ...sdkSettings } = readSdkSettings(variables, sharedConfig);
  const all = [...(0,CPBUXW7X/* findUnknownInputs */.dw)(variables).problems, ...problems, ...settingProblems];
  if (all.length > 0)
    throw new MHPL2HJH/* InvalidInputsError */.Xt(all);
  const { command: command2, environment: name2, "aws-region": region, "role-to-assume": roles } = values;
  const decision = decideProduction(name2, { listed: values["production-environments"], input: values.production });
  const environment = { name: name2, production: decision.production };
  const sampleItems = values["sample-items"] === "auto" ? !environment.production : values["sample-items"] === "true";
  const request = {
    environment,
    tableNamePrefix: values["table-name-prefix"],
    deletionProtection: values["deletion-protection"],
    pointInTimeRecovery: values["point-in-time-recovery"],
    tags: values.tags
  };
  const definitions = (0,MHPL2HJH/* defineTables */.Zx)(definition, request);
  return {
    ...request,
    command: command2,
    definition,
    /** As the file names keys: an alias is not resolved. */
    definitions,
    definitionNotices: noticesOf(definition, environment, definitions),
    // In one order, so that the same permissions give the same plan.
    policy: {
      destroy: command2 === "destroy" || values.destroy,
      allow: CPBUXW7X/* disruptionNames */.y2.filter((each) => values.allow.includes(each))
    },
    failOnDrift: values["fail-on-drift"],
    sampleItems,
    /** The rule that decided whether the environment is production, in words. */
    productionRule: decision.rule,
    region,
    roles,
    credentialSource: chooseCredentialSource(values["credential-source"], roles, variables),
    sessionTags: values["role-session-tags"],
    roleDurationSeconds: values["role-duration-seconds"],
    roleSessionName: values["role-session-name"] || makeSessionName(variables),
    audience: values.audience || (source.partitionOf(region) === "aws-cn" ? "sts.amazonaws.com.cn" : "sts.amazonaws.com"),
    allowedAccountIds: values["allowed-account-ids"],
    timeoutSeconds: values["timeout-seconds"],
    sdkSettings,
    waitForIndexes: values["wait-for-indexes"],
    ...omitUndefined({
      expectedPlan: values["expected-plan"],
      expectedPlanDigest: values["expected-plan-digest"],
      definitionFile: values["definition-file"] || void 0,
      externalId: values["role-external-id"] || void 0,
      sourceIdentity: values["role-source-identity"] || void 0,
      sessionPolicy: values["restrict-session"] ? restrictSession(values, sampleItems, definitions) : void 0,
      /** Absent if no comment is wanted; empty if one is wanted and no token is given. */
      gitHubToken: values.comment ? values["github-token"] : void 0
    })
  };
}
function readValues({ input, variables, partitionOf: partitionOf2, definitionFile }) {
  const read = definitionFile ?? { definition: builtInDefinition };
  const fileProblems = "problems" in read ? read.problems : [];
  const known2 = "definition" in read ? read.definition : void 0;
  const definition = known2 ?? builtInDefinition;
  const parsed = CPBUXW7X/* inputNames */.vj.map((name2) => {
    const { default: byDefault, parse } = CPBUXW7X/* declarations */.I1[name2];
    const problems2 = [];
    const report = (problem) => problems2.push(`${name2} ${problem}`);
    const value = parse(input(name2).trim() || byDefault, { name: name2, variables, definition: known2, report });
    return { name: name2, value, problems: name2 === "definition-file" ? fileProblems : problems2 };
  });
  const values = Object.fromEntries(parsed.map(({ name: name2, value }) => [name2, value]));
  const isWrong = (name2) => parsed.some((each) => each.name === name2 && each.problems.length > 0);
  const checked = crossChecks.filter(({ inputs }) => !inputs.some(isWrong)).filter(({ inputs }) => values.command !== "policy" || !inputs.some((name2) => sessionInputs.includes(name2))).map(({ inputs: [name2], findProblems }) => ({
    name: name2,
    problems: findProblems(values, { variables, partitionOf: partitionOf2, definition }).map((problem) => `${name2} ${problem}`)
  }));
  const found = [...parsed, ...checked];
  const problems = CPBUXW7X/* inputNames */.vj.flatMap((name2) => found.filter((each) => each.name === name2).flatMap((each) => each.problems));
  return { values, definition, problems };
}
function makeSessionName({ GITHUB_RUN_ID = "", GITHUB_REPOSITORY = "" }) {
  const [run = "", repository = ""] = [GITHUB_RUN_ID, GITHUB_REPOSITORY].map((text3) => text3.replace(/[^\w+=,.@-]+/g, "-"));
  if (run === "" || repository === "")
    return "tenant-tables";
  return `${repository.slice(0, Math.max(0, 63 - run.length))}-${run}`.slice(-64);
}
function restrictSession({ command: command2, "role-to-assume": roles, "aws-region": region }, sampleItems, definitions) {
  const role2 = roles.at(-1);
  if (role2 === void 0 || command2 === "policy")
    return void 0;
  return sessionPolicy(command2 === "verify" && !sampleItems ? "plan" : command2, { ...role2, region }, definitions);
}
function omitUndefined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== void 0));
}

// lib/src/plan/review.js
async function readReview({ expectedPlan, expectedPlanDigest: digest }, readFile2) {
  if (expectedPlan === void 0)
    return digest === void 0 ? {} : { digest };
  const isFile = "path" in expectedPlan;
  const plan = (0,CPBUXW7X/* readPlanDocument */.rk)(isFile ? await readFile2(expectedPlan.path) : expectedPlan.json);
  const origin = isFile ? `expected-plan is the file ${(0,MHPL2HJH/* quote */.hD)(expectedPlan.path)}, which` : "expected-plan";
  if (typeof plan === "string") {
    throw new MHPL2HJH/* InvalidInputsError */.Xt([`${origin} ${plan}. Give the output plan of the run that was reviewed, as it is.`]);
  }
  if (digest !== void 0 && digest !== (0,CPBUXW7X/* digestReviewed */.qG)(plan)) {
    throw new MHPL2HJH/* InvalidInputsError */.Xt([
      `${origin} has the digest ${(0,CPBUXW7X/* digestReviewed */.qG)(plan)}, but expected-plan-digest is ${digest}. Give the plan and the digest of one run.`
    ]);
  }
  return { plan, ...digest === void 0 ? {} : { digest } };
}
function describeReview({ plan, digest }, command2, made) {
  if (plan !== void 0)
    return `Compared with the reviewed plan ${(0,CPBUXW7X/* digestReviewed */.qG)(plan)}.`;
  if (digest === void 0) {
    return command2 === "apply" || command2 === "destroy" ? "Not compared with a reviewed plan." : "";
  }
  if (made?.steps.length === 0 && (0,CPBUXW7X/* digestPlan */.w0)(made) !== digest) {
    const { account, region } = made.target;
    return `There is nothing to do in account ${account}, region ${region}. The reviewed plan has another digest, ${digest}, which does not matter: this run writes nothing.`;
  }
  return `Compared with the digest ${digest} of a reviewed plan.`;
}
var reviewAgain = "Review the plan of this run, and run again with that one.";
function holdToReview(plan, review) {
  const refusals = review.plan === void 0 ? compareDigests(plan, review.digest) : comparePlans(plan, review.plan);
  return refusals.length === 0 ? plan : { ...plan, refusals: [...plan.refusals, ...refusals] };
}
function compareDigests(plan, expected) {
  if (expected === void 0 || plan.steps.length === 0)
    return [];
  const digest = (0,CPBUXW7X/* digestPlan */.w0)(plan);
  if (digest === expected)
    return [];
  return [
    {
      code: "not-as-reviewed",
      reason: `The plan of this run has the digest ${digest}, but the reviewed plan has ${expected}.`,
      remedy: `${reviewAgain} To continue a plan that was performed in part, give the plan itself as expected-plan.`
    }
  ];
}
function comparePlans(plan, reviewed) {
  const now = (0,CPBUXW7X/* reviewable */.RK)(plan);
  const purposes = comparePurposes(now, reviewed);
  if (purposes.length > 0)
    return purposes;
  const reviewedSteps = new Set(reviewed.steps.map(({ canonical }) => canonical));
  const stepsNow = new Set(now.steps.map(({ canonical }) => canonical));
  const unreviewed = now.steps.filter(({ canonical }) => !reviewedSteps.has(canonical));
  const refusals = [
    ...compareTables(now, reviewed),
    ...unreviewed.map(({ table: table2, description: description2 }) => refuseDifference(`In the plan of this run, but not in the reviewed plan: ${description2}.`, table2))
  ];
  if (refusals.length === 0)
    return [];
  const missing = reviewed.steps.filter(({ canonical }) => !stepsNow.has(canonical));
  return shortenList([
    ...refusals,
    ...missing.map(({ table: table2, description: description2 }) => refuseDifference(`In the reviewed plan, but not in the plan of this run: ${description2}.`, table2))
  ]);
}
var mostDifferences = 50;
function shortenList(refusals) {
  const more = refusals.length - mostDifferences;
  if (more <= 0)
    return refusals;
  return [...refusals.slice(0, mostDifferences), refuseDifference(`There are ${(0,MHPL2HJH/* count */.U9)(more, "more difference")}.`)];
}
function comparePurposes(now, reviewed) {
  const paths = ["account", "partition", "region", "environment", "production", "destroy"];
  return paths.filter((path) => now[path] !== reviewed[path]).filter((path) => path !== "production" || now.environment === reviewed.environment).map((path) => {
    switch (path) {
      case "destroy":
        return refuseDifference(`The reviewed plan ${reviewed.destroy ? "deletes the tables" : "brings the tables to their definition"}, but this run ${now.destroy ? "deletes them" : "does not delete them"}.`);
      case "production":
        return refuseDifference(`In the reviewed plan the environment is ${reviewed.production ? "" : "not "}production, but in this run it is ${now.production ? "" : "not "}production.`);
      default:
        return refuseDifference(`The reviewed plan is for the ${path} ${(0,MHPL2HJH/* quote */.hD)(reviewed[path])}, but this run is for ${(0,MHPL2HJH/* quote */.hD)(now[path])}.`);
    }
  });
}
function compareTables(now, reviewed) {
  const names = new Set([...reviewed.tables, ...now.tables].map(({ name: name2 }) => name2));
  return [...names].flatMap((name2) => {
    const before = reviewed.tables.find((table2) => table2.name === name2);
    const after = now.tables.find((table2) => table2.name === name2);
    if (before === void 0)
      return refuseDifference(`The reviewed plan does not have the table "${name2}".`, name2);
    if (after === void 0)
      return refuseDifference(`The reviewed plan has the table "${name2}", but this run does not.`, name2);
    if (after.id === before.id || after.id === void 0)
      return [];
    const isCreated = reviewed.steps.some(({ kind, table: table2 }) => kind === "create" && table2 === name2);
    if (isCreated && before.id === void 0)
      return [];
    return refuseDifference(before.id === void 0 ? `The table "${name2}" did not exist when the plan was made, but exists now.` : `The table "${name2}" is not the one of the reviewed plan: it had the id ${(0,MHPL2HJH/* shorten */.ml)(before.id)}, and now has ${after.id}.`, name2);
  });
}
function refuseDifference(reason, table2) {
  return { ...table2 === void 0 ? {} : { table: table2 }, code: "not-as-reviewed", reason, remedy: reviewAgain };
}

// lib/src/report/place.js
function describePlace(inputs) {
  const { command: command2, environment, productionRule, region, definitions, sdkSettings } = inputs;
  const tables = definitions.map(({ name: name2 }) => `"${name2}"`);
  const parts = [
    environment.name === "" ? "every environment" : `environment ${JSON.stringify(environment.name)} (${productionRule})`,
    region === "" ? "every region" : `region ${region}`,
    `tables ${tables.join(" and ")}`,
    ...describeEndpoints(sdkSettings.endpoints)
  ];
  return `Command ${command2}: ${parts.join(", ")}`;
}
function describeEndpoints(endpoints) {
  return [...new Set(endpoints.map(({ setting }) => setting))].map((setting) => {
    const named = endpoints.filter((endpoint) => endpoint.setting === setting);
    const services2 = named.map(({ service }) => service).join(" and ");
    return `${services2} at ${(0,MHPL2HJH/* shorten */.ml)(named[0]?.url ?? "")} (${setting})`;
  });
}

// lib/src/report/result.js
function mergeResults(results) {
  return Object.assign({}, ...results, { warnings: results.flatMap(({ warnings = [] }) => warnings) });
}

// lib/src/table/resolve.js
async function resolveDefinitions(definitions, target, readKey) {
  const answers = /* @__PURE__ */ new Map();
  const readOnce = (key) => {
    const answer = answers.get(key) ?? readKey(key);
    answers.set(key, answer);
    return answer;
  };
  return await Promise.all(definitions.map(async (definition) => {
    const resolved = (0,CPBUXW7X/* propertyValues */.uX)(definition.properties).flatMap(({ property: { name: name2, resolve }, value }) => resolve === void 0 ? [] : [resolve(value, target, readOnce).then((result) => [name2, result])]);
    const values = Object.fromEntries(await Promise.all(resolved));
    return { ...definition, properties: { ...definition.properties, ...values } };
  }));
}

// lib/src/main.js
async function main(runner, clock, timeOuts = defaultTimeOuts) {
  const { input, variables, log, interrupted } = runner;
  const results = [{ warnings: (0,CPBUXW7X/* findUnknownInputs */.dw)(variables).warnings }];
  const record2 = (reached) => void results.push(reached);
  try {
    const definitionFile = await loadDefinitionFile(input, runner.readDefinitionFile);
    const sharedConfig = await (0,Q4FG57VT/* loadSharedConfigFiles */.p6)();
    const inputs = readInputs({ input, variables, partitionOf, sharedConfig, definitionFile });
    for (const { level, message } of inputs.definitionNotices)
      runner[level]("Tenant Tables", message);
    log.info(describePlace(inputs));
    await (0,MHPL2HJH/* withinDeadline */.iP)({ clock, log, interrupted, timeoutSeconds: inputs.timeoutSeconds }, async (run) => {
      await reconcile(inputs, runner, run, timeOuts, record2).catch((error) => record2({ error }));
      await publishComment(inputs, mergeResults(results), runner, run);
    });
  } catch (error) {
    record2({ error });
  }
  await publish(mergeResults(results), runner);
}
async function reconcile(inputs, runner, run, timeOuts, record2) {
  const { command: command2, productionRule, policy, definition, definitionFile, definitions: declared, waitForIndexes: waitForIndexes2 } = inputs;
  record2({ command: command2, productionRule, definitionFile, ...inputs.sdkSettings });
  if (command2 === "policy")
    return record2(showPolicies(inputs, runner));
  const reviewed = await readReview(inputs, runner.readFile);
  record2({ review: describeReview(reviewed, command2) });
  const { target, dynamoDb, readKey } = await connectToAws(inputs, runner, countReads(declared), run, timeOuts);
  record2({ target });
  run.log.info(`Account ${target.account}`);
  const definitions = policy.destroy ? declared : await resolveDefinitions(declared, target, readKey);
  const { observed, readAt } = await observeTables(dynamoDb, target, definitions, run);
  const plan = holdToReview(planTables(target, definitions, observed, policy), reviewed);
  const review = describeReview(reviewed, command2, plan);
  record2(assertPublishable({ target, definitions, tenantKey: definition.tenantKey, observed, plan, review }, runner));
  (0,CPBUXW7X/* logGroup */.QT)(runner.log, "Plan", [...renderPlanLines(plan), review]);
  if (inputs.failOnDrift)
    assertAsDefined(plan);
  const work = { dynamoDb, target, definitions, observed, readAt, plan, run };
  if (command2 === "verify")
    record2({ verification: await verifyTables({ ...work, sampleItems: inputs.sampleItems }) });
  if (command2 === "apply" || command2 === "destroy")
    record2({ outcome: await applyPlan({ ...work, waitForIndexes: waitForIndexes2 }) });
}

// lib/src/index.js
void start().then(() => {
  setTimeout(() => process.exit(), 250).unref();
});
async function start() {
  if (!isCommand())
    return await main((0,CPBUXW7X/* gitHubRunner */.Gw)(process), MHPL2HJH/* systemClock */.VZ);
  const { openCommand } = await Promise.all(/* import() | providers */[__nccwpck_require__.e(815), __nccwpck_require__.e(151)]).then(__nccwpck_require__.bind(__nccwpck_require__, 9912));
  const runner = await openCommand(process);
  if (runner !== void 0)
    await main(runner, MHPL2HJH/* systemClock */.VZ);
}
function isCommand() {
  const { argv, env, stdout } = process;
  if (argv.length > 2)
    return true;
  return !(0,CPBUXW7X/* isGitHubJob */.x8)(env) && stdout.isTTY && !Object.keys(env).some((name2) => name2.startsWith("INPUT_"));
}

