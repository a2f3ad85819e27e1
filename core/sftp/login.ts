import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware, type ParsedKey } from 'ssh2'
import { PipelineError } from '../errors.ts'
import { describeServer, type SftpServer } from './settings.ts'

/**
 * Chooses the way to log in: the key, then the password, then the password as the answer to a prompt, of those that
 * the server still takes. An agent is never asked. Throws SFTP_KEY_INVALID, and SFTP_AUTH when neither is configured.
 */
export function loginHandler(server: SftpServer): AuthHandlerMiddleware {
  const methods = loginMethods(server)
  return (taken: string[] | null, _partly, next) => {
    // The server says what it takes only after a first try.
    const at = methods.findIndex(({ type }) => taken === null || taken.includes(type))
    const [method] = at === -1 ? [] : methods.splice(0, at + 1).slice(-1)
    // `false` ends the login; the types know it only as a value to return.
    return method === undefined ? next(false as never) : next(method)
  }
}

function loginMethods(server: SftpServer): AnyAuthMethod[] {
  const methods: AnyAuthMethod[] = []
  const username = server.user
  const { password } = server
  if (server.privateKey !== undefined) methods.push({ type: 'publickey', username, key: readKey(server) })
  if (password !== undefined) {
    methods.push({ type: 'password', username, password: password.reveal() })
    methods.push({
      type: 'keyboard-interactive',
      username,
      // Only a prompt that hides what is typed asks for a password.
      prompt: (_name, _instructions, _language, prompts, answer) =>
        answer(prompts.map((prompt) => (prompt.echo === true ? '' : password.reveal()))),
    })
  }
  if (methods.length > 0) return methods
  throw new PipelineError(
    'SFTP_AUTH',
    `${describeServer(server)}: neither a password nor a private key is configured.`,
    'never',
  )
}

function readKey(server: SftpServer): ParsedKey {
  const key = parseKey(server)
  if (key.isPrivateKey()) {
    if (server.allowLegacyAlgorithms !== true) refuseSha1(key)
    return key
  }
  throw keyInvalid(server, 'it is a public key')
}

function parseKey(server: SftpServer): ParsedKey {
  const parsed: unknown = ssh2.utils.parseKey(server.privateKey?.reveal() ?? '', server.passphrase?.reveal())
  // The newer form of OpenSSH can hold several keys, of which it never writes more than one.
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed
  if (key instanceof Error) throw keyInvalid(server, key.message)
  return key as ParsedKey
}

function keyInvalid(server: SftpServer, why: string): PipelineError {
  return new PipelineError(
    'SFTP_KEY_INVALID',
    `${describeServer(server)}: the private key cannot be used (${why}). Check the key and its passphrase.`,
    'never',
  )
}

/** The library signs with SHA-1 when a server with an RSA key does not say that it knows better. */
function refuseSha1(key: ParsedKey): void {
  const sign = key.sign.bind(key)
  key.sign = (data, algorithm) => {
    if (key.type !== 'ssh-rsa' || (algorithm !== undefined && algorithm !== 'sha1')) return sign(data, algorithm)
    // An error that is returned makes the library go on to the next way to log in.
    return new Error('the server takes RSA keys with SHA-1 only') as unknown as Buffer
  }
}
