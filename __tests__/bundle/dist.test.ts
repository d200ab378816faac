/** The committed bundle is what the sources build. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

it('dist is what the sources build', async () => {
  const build = promisify(execFile)('npm', ['run', 'check-dist'], { env: process.env })
  await expect(build).resolves.toBeDefined()
}, 120_000)
