/** Environment variables, or the keys of a section of a file. */
export type Variables = Readonly<Record<string, string | undefined>>

/** Reports whether the process is part of a job on GitHub, and not a command on a terminal or on another CI system. */
export function isGitHubJob({ GITHUB_ACTIONS }: Variables): boolean {
  return GITHUB_ACTIONS === 'true'
}
