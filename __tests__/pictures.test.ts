/** Holds the pictures of the README to the comment that the action writes today. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, hashOf, makeComment, pictures } from '../scripts/pictures.ts'

const fileOf = (name: string) => readFileSync(join(folder, name))

it('pictures the comment as it is rendered today (to fix: `npm run pictures`)', async () => {
  expect(await makeComment()).toBe(fileOf('comment.md').toString())
})

it('has pictures that were made of the stored comment, each under 150 KB', () => {
  const names = ['comment.md', ...pictures]
  expect(Object.fromEntries(names.map((name) => [name, hashOf(fileOf(name))]))).toEqual(
    JSON.parse(fileOf('hashes.json').toString()),
  )
  for (const name of pictures) expect(fileOf(name).length).toBeLessThan(150_000)
})
