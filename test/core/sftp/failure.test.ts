import { expect, test } from 'vitest'
import { connectionFailure, requestFailure, type Stage } from '../../../core/sftp/failure.ts'
import { aServer } from './a-server.ts'

const server = aServer({ host: 'sftp.test', port: 2222 })

test.for([
  { status: 2, text: 'No such file', code: 'SFTP_FILE_MISSING', retry: 'never' },
  { status: 3, text: 'Permission denied', code: 'SFTP_DENIED', retry: 'never' },
  { status: 3, text: 'Read-only file system', code: 'SFTP_READ_ONLY', retry: 'never' },
  { status: 4, text: 'Failure', code: 'SFTP_REFUSED', retry: 'later' },
  { status: 4, text: 'No space left on device', code: 'SFTP_DISK_FULL', retry: 'later' },
  { status: 4, text: 'Disk quota exceeded', code: 'SFTP_DISK_FULL', retry: 'later' },
  { status: 4, text: 'Read-only file system', code: 'SFTP_READ_ONLY', retry: 'never' },
  { status: 5, text: 'Bad message', code: 'SFTP_PROTOCOL', retry: 'never' },
  { status: 8, text: 'Unsupported', code: 'SFTP_UNSUPPORTED', retry: 'never' },
  { status: 10, text: 'No such path', code: 'SFTP_DIRECTORY_MISSING', retry: 'never' },
  { status: 11, text: 'Exists', code: 'SFTP_EXISTS', retry: 'never' },
  { status: 12, text: 'Write protect', code: 'SFTP_READ_ONLY', retry: 'never' },
  { status: 14, text: 'No space', code: 'SFTP_DISK_FULL', retry: 'later' },
  { status: 15, text: 'Quota', code: 'SFTP_DISK_FULL', retry: 'later' },
  { status: 20, text: 'Invalid filename', code: 'SFTP_NAME_INVALID', retry: 'never' },
  { status: 99, text: 'Something new', code: 'SFTP_REFUSED', retry: 'later' },
])('status $status "$text" is $code', ({ status, text, code, retry }) => {
  const failure = requestFailure(server, 'write Import/a.xls', Object.assign(new Error(text), { code: status }))
  expect(failure).toMatchObject({ code, retry })
  expect(failure.message).toMatch(/^SFTP server chevin \(sftp\.test:2222\): write Import\/a\.xls: /)
})

test.for([
  {
    stage: 'connect',
    error: { code: 'ECONNREFUSED', level: 'client-socket' },
    code: 'SFTP_UNREACHABLE',
    retry: 'later',
  },
  { stage: 'connect', error: { code: 'ENOTFOUND', level: 'client-socket' }, code: 'SFTP_UNREACHABLE', retry: 'later' },
  { stage: 'handshake', error: { code: 'ECONNRESET', level: 'client-socket' }, code: 'SFTP_CUT_OFF', retry: 'later' },
  {
    stage: 'handshake',
    error: { message: 'Handshake failed: no matching host key format' },
    code: 'SFTP_ALGORITHMS',
    retry: 'never',
  },
  { stage: 'login', error: { level: 'client-authentication' }, code: 'SFTP_AUTH', retry: 'never' },
  { stage: 'login', error: { message: 'Too many authentication failures' }, code: 'SFTP_AUTH', retry: 'never' },
  {
    stage: 'open',
    error: { message: 'Keepalive timeout', level: 'client-timeout' },
    code: 'SFTP_CUT_OFF',
    retry: 'later',
  },
])('in stage $stage, $error is $code', ({ stage, error, code, retry }) => {
  const raised = Object.assign(new Error('message' in error ? error.message : 'broken'), error)
  expect(connectionFailure(server, stage as Stage, raised)).toMatchObject({ code, retry })
})

test("a server's text is kept short, on one line and without our secrets", () => {
  const error = Object.assign(new Error(`no open-sesame-17\r\n\u202e${'x'.repeat(1000)}`), { code: 4 })
  const { message } = requestFailure(server, 'write a', error)
  expect(message).not.toMatch(/[\r\n\u202e]/u)
  expect(message).toContain('no [secret] x')
  expect(message.length).toBeLessThan(350)
})
