// Beside config.ts, because these are asked at the start of every command and need none of the file's schema.

export type Environment = Record<string, string | undefined>

/** A variable of the environment, for what the models' files ask for by env_var(). */
export const environmentVariable = (name: string): string | undefined => process.env[name]

/** Whether the terminal should be spared colours and moving lines (the NO_COLOR convention). */
export function wantsPlainOutput(environment: Environment = process.env): boolean {
  return (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
}
