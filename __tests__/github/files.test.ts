import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDefinitionFile, readEventFile, readGivenFile, writeTemporaryFile } from '../../src/github/files.ts'

let folder: string
let workspace: string
let environment: Record<string, string | undefined>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'))
  for (const name of ['workspace', 'temporary', 'elsewhere']) mkdirSync(join(folder, name))
  workspace = join(folder, 'workspace')
  environment = { GITHUB_WORKSPACE: workspace, RUNNER_TEMP: join(folder, 'temporary'), GITHUB_ACTIONS: 'true' }
  writeFileSync(join(folder, 'elsewhere', 'plan.json'), 'elsewhere')
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = (path: string) => readGivenFile(environment, path)

describe('a definition file', () => {
  const readTables = (path: string) => readDefinitionFile(environment, path)

  it('is read from the workspace, by a relative path too, and through a link inside it', async () => {
    mkdirSync(join(workspace, '.github'))
    writeFileSync(join(workspace, '.github', 'tables.yml'), 'tables: {}')
    symlinkSync(join(workspace, '.github', 'tables.yml'), join(workspace, 'link.yml'))
    await expect(readTables('.github/tables.yml')).resolves.toBe('tables: {}')
    await expect(readTables(join(workspace, '.github', 'tables.yml'))).resolves.toBe('tables: {}')
    await expect(readTables('link.yml')).resolves.toBe('tables: {}')
  })

  it('is not read outside the workspace, nor in RUNNER_TEMP', async () => {
    writeFileSync(join(folder, 'temporary', 'tables.yml'), 'x')
    symlinkSync(join(folder, 'elsewhere', 'plan.json'), join(workspace, 'link.yml'))
    for (const path of [join(folder, 'temporary', 'tables.yml'), '../elsewhere/plan.json', 'link.yml', '.']) {
      await expect(readTables(path)).rejects.toMatchObject({
        name: 'RemedyError',
        message: `The file "${path}" is outside the workspace.`,
        remedy: expect.stringContaining('a YAML or JSON file in the workspace'),
      })
    }
  })

  it('is refused if it is missing, a folder, or over 1 MiB', async () => {
    mkdirSync(join(workspace, 'tables'))
    writeFileSync(join(workspace, 'large.yml'), 'x'.repeat(1024 * 1024 + 1))
    await expect(readTables('tables.yml')).rejects.toThrow('The file "tables.yml" cannot be read: ENOENT.')
    await expect(readTables('tables')).rejects.toThrow('"tables" is not a file.')
    await expect(readTables('large.yml')).rejects.toThrow('has 1048577 bytes, more than 1048576.')
  })

  it('is read from the current folder where there is no workspace', async () => {
    await expect(readDefinitionFile({}, 'examples/tables.yml')).resolves.toContain('tables:')
    await expect(readDefinitionFile({}, join(folder, 'elsewhere', 'plan.json'))).rejects.toMatchObject({
      message: expect.stringContaining('is outside the current folder.'),
      remedy: 'Give the path of a YAML or JSON file in the current folder.',
    })
  })
})

describe('a file that an input names', () => {
  it('is read from the workspace, by a relative path too, and from RUNNER_TEMP', async () => {
    mkdirSync(join(workspace, 'plans'))
    writeFileSync(join(workspace, 'plans', '..plan.json'), 'a')
    writeFileSync(join(folder, 'temporary', 'plan.json'), 'b')
    await expect(read('plans/..plan.json')).resolves.toBe('a')
    await expect(read(join(workspace, 'plans', '..plan.json'))).resolves.toBe('a')
    await expect(read(join(folder, 'temporary', 'plan.json'))).resolves.toBe('b')
  })

  it.each([
    ['an absolute path', () => join(folder, 'elsewhere', 'plan.json')],
    ['a path with ..', () => '../elsewhere/plan.json'],
    [
      'a link',
      () => {
        symlinkSync(join(folder, 'elsewhere', 'plan.json'), join(workspace, 'link.json'))
        return 'link.json'
      },
    ],
    ['the workspace itself', () => '.'],
  ])('is not read outside the workspace and RUNNER_TEMP: %s', async (_, path) => {
    await expect(read(path())).rejects.toMatchObject({
      name: 'RemedyError',
      message: expect.stringContaining('is outside the workspace and RUNNER_TEMP'),
    })
  })

  it('is refused if it is missing, a folder, a pipe, or over 1 MiB', async () => {
    mkdirSync(join(workspace, 'plans'))
    writeFileSync(join(workspace, 'large.json'), 'x'.repeat(1024 * 1024 + 1))
    execFileSync('mkfifo', [join(workspace, 'pipe')])
    await expect(read('plan.json')).rejects.toThrow('The file "plan.json" cannot be read: ENOENT.')
    await expect(read('plans')).rejects.toThrow('"plans" is not a file.')
    await expect(read('pipe')).rejects.toThrow('"pipe" is not a file.')
    await expect(read('large.json')).rejects.toThrow('has 1048577 bytes, more than 1048576.')
  })

  it.each([
    ['little-endian UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
    ['big-endian UTF-16', Buffer.from('\ufeff{}', 'utf16le').swap16()],
    ['Latin-1', Buffer.from('{"team":"Zürich"}', 'latin1')],
  ])('is refused in %s, with what to do', async (_, content) => {
    writeFileSync(join(workspace, 'plan.json'), content)
    await expect(read('plan.json')).rejects.toMatchObject({
      name: 'RemedyError',
      message: 'The file "plan.json" is not in UTF-8.',
      remedy: expect.stringContaining('Out-File -Encoding utf8'),
    })
  })

  it.each(['{"team":"Zürich 会社 😀"}', '', '\u{feff}'])(
    'is read in UTF-8 exactly, without its byte order mark: %j',
    async (text) => {
      writeFileSync(join(workspace, 'plan.json'), `\ufeff${text}`)
      await expect(read('plan.json')).resolves.toBe(text)
    },
  )

  it.each(['missing', '', undefined, 'workspace/plan.json/below'])(
    'is read from the workspace where RUNNER_TEMP is %j',
    async (temporary) => {
      writeFileSync(join(workspace, 'plan.json'), 'in the workspace')
      environment.RUNNER_TEMP = temporary && join(folder, temporary)
      await expect(read('plan.json')).resolves.toBe('in the workspace')
      await expect(read('../elsewhere/plan.json')).rejects.toThrow('is outside the workspace')
    },
  )

  it('is read from the current folder where there is no workspace', async () => {
    await expect(readGivenFile({}, 'examples/tables.yml')).resolves.toContain('tables:')
    await expect(readGivenFile({}, join(folder, 'elsewhere', 'plan.json'))).rejects.toThrow(
      'is outside the current folder and RUNNER_TEMP.',
    )
  })

  it('is read from RUNNER_TEMP where the workspace does not exist, and not where neither does', async () => {
    writeFileSync(join(folder, 'temporary', 'plan.json'), 'in RUNNER_TEMP')
    writeFileSync(join(workspace, 'plan.json'), 'in the workspace')
    environment.GITHUB_WORKSPACE = join(folder, 'missing')
    await expect(read('plan.json')).resolves.toBe('in RUNNER_TEMP')
    await expect(read(join(workspace, 'plan.json'))).rejects.toThrow('is outside the workspace')
    environment.RUNNER_TEMP = join(folder, 'missing')
    await expect(read('plan.json')).rejects.toMatchObject({ name: 'RemedyError' })
    await expect(read(join(workspace, 'plan.json'))).rejects.toMatchObject({ name: 'RemedyError' })
  })
})

describe('a temporary file', () => {
  it('is written into a folder of its own each time, readable for this user only', async () => {
    const first = await writeTemporaryFile(environment, 'plan.json', 'one')
    const second = await writeTemporaryFile(environment, 'plan.json', 'other')
    expect(first).not.toBe(second)
    expect(readFileSync(first ?? '', 'utf8')).toBe('one')
    expect(statSync(first ?? '').mode & 0o777).toBe(0o600)
  })

  it('is not written outside GitHub, and is an error on GitHub where RUNNER_TEMP is not set or is no folder', async () => {
    const write = (variables: object) => writeTemporaryFile({ GITHUB_ACTIONS: 'true', ...variables }, 'plan.json', 'x')
    await expect(write({ GITHUB_ACTIONS: '' })).resolves.toBeUndefined()
    await expect(write({})).rejects.toMatchObject({ name: 'RemedyError', message: 'RUNNER_TEMP is not set.' })
    await expect(write({ RUNNER_TEMP: join(folder, 'missing') })).rejects.toMatchObject({ code: 'ENOENT' })
    const file = join(folder, 'elsewhere', 'plan.json')
    await expect(write({ RUNNER_TEMP: file })).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})

describe('the event', () => {
  it.each(['', '\ufeff'])('is read from its file, with the byte order mark %j', async (mark) => {
    environment.GITHUB_EVENT_PATH = join(folder, 'event.json')
    writeFileSync(join(folder, 'event.json'), `${mark}{"pull_request":{"number":7}}`)
    await expect(readEventFile(environment)).resolves.toEqual({ pull_request: { number: 7 } })
  })

  it.each([
    ['is not named', undefined, undefined],
    ['does not exist', 'missing.json', undefined],
    ['is a folder', 'elsewhere', undefined],
    ['is not JSON', 'event.json', 'no JSON'],
    ['is UTF-16', 'event.json', Buffer.from('\ufeff{}', 'utf16le')],
  ])('is an error where its file %s', async (_, name, content) => {
    if (name !== undefined) environment.GITHUB_EVENT_PATH = join(folder, name)
    if (name !== undefined && content !== undefined) writeFileSync(join(folder, name), content)
    await expect(readEventFile(environment)).rejects.toMatchObject({
      name: 'RemedyError',
      message: expect.stringMatching(/^The event file ".*" cannot be read\.$/),
      remedy: expect.stringContaining('GITHUB_EVENT_PATH'),
      cause: expect.anything(),
    })
  })
})
