import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Environment } from './config-environment.ts'
import type { SecretReference } from './config-values.ts'
import { messageOf } from './errors.ts'
import { Secret } from './secret.ts'

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  path: string
  problem: string
  hint: string
}

/** Where secrets are looked for, and what could not be found so far. */
export interface SecretPlaces {
  /** Folder that file references are relative to. */
  root: string
  environment: Environment
  problems: ConfigProblem[]
}

/** The secret that a reference names; null when it is not there, which is then among the problems. */
export function readSecret(reference: SecretReference, path: string, places: SecretPlaces): Secret | null {
  const { root, environment, problems } = places
  if ('env' in reference) {
    const value = environment[reference.env]?.trim() ?? ''
    if (value !== '' && !value.endsWith('_here')) return new Secret(value)
    const problem =
      value === ''
        ? `the environment variable ${reference.env} is not set`
        : `${reference.env} still holds a placeholder`
    problems.push({ path, problem, hint: `export ${reference.env}=<the secret>, or remove the entry that needs it` })
    return null
  }
  const file = resolve(root, reference.file)
  if (!existsSync(file)) {
    problems.push({
      path,
      problem: `the file ${reference.file} does not exist`,
      hint: 'mount the secret there, or use {env: NAME}',
    })
    return null
  }
  try {
    return new Secret(readFileSync(file, 'utf8').trim())
  } catch (error) {
    problems.push({
      path,
      problem: `${reference.file} cannot be read: ${messageOf(error)}`,
      hint: 'make it a readable file',
    })
    return null
  }
}
