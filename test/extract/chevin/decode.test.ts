import { expect, test } from 'vitest'
import { decodeFile } from '../../../extract/chevin/decode.ts'

test.for([
  { name: 'UTF-8', bytes: Buffer.from('Zoë'), text: 'Zoë', encoding: 'utf-8' },
  { name: 'UTF-8 with a mark', bytes: Buffer.from('\ufeffZoë'), text: 'Zoë', encoding: 'utf-8' },
  { name: 'Windows-1252', bytes: Buffer.from([0x5a, 0x6f, 0xeb, 0x80]), text: 'Zoë€', encoding: 'windows-1252' },
])('case 53, defect 28: $name is read', ({ bytes, text, encoding }) => {
  expect(decodeFile(bytes)).toEqual({ text, encoding })
})

test.for([
  { name: 'UTF-16', bytes: Buffer.from('\ufeffa,b', 'utf16le'), says: 'UTF-16' },
  { name: 'UTF-16 without a mark', bytes: Buffer.from('a,b', 'utf16le'), says: 'byte 2 is zero' },
  { name: 'a workbook', bytes: Buffer.from('PK\u0003\u0004xyz', 'latin1'), says: '.xlsx' },
  { name: 'an old workbook', bytes: Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 1]), says: '.xls' },
  { name: 'a mixture', bytes: Buffer.concat([Buffer.from('Zoë'), Buffer.from([0xeb])]), says: 'mixture' },
  { name: 'bytes of neither', bytes: Buffer.from([0x41, 0x81, 0x42]), says: 'byte 2 is neither' },
])('case 53: $name is refused whole, with its reason', ({ bytes, says }) => {
  expect(() => decodeFile(bytes)).toThrow(expect.objectContaining({ code: 'CHEVIN_UNDECODABLE' }))
  expect(() => decodeFile(bytes)).toThrow(says)
})
