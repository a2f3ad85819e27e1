import { describe, expect, test } from 'vitest'
import { aComplaint, aJob, anInvoice, codesOf, flatten } from './an-invoice.ts'

describe('what is missing is warned of', () => {
  test.for([
    { over: { invoiceNumber: '' }, order: {}, code: 'INVOICE_NUMBER_MISSING', path: 'invoiceNumber' },
    { over: {}, order: { primaryKey: null }, code: 'SERVICE_ORDER_ID_MISSING', path: 'ServiceOrder.primaryKey' },
    {
      over: {},
      order: { repairOrderNumber: '' },
      code: 'REPAIR_ORDER_NUMBER_MISSING',
      path: 'ServiceOrder.repairOrderNumber',
    },
    { over: {}, order: { Unit: undefined }, code: 'UNIT_MISSING', path: 'ServiceOrder.Unit' },
    { over: { Customer: undefined }, order: {}, code: 'CUSTOMER_MISSING', path: 'Customer' },
    { over: { Customer: { title: 'X' } }, order: {}, code: 'CUSTOMER_ID_MISSING', path: 'Customer.customerId' },
    { over: { Customer: { customerId: 7 } }, order: {}, code: 'CUSTOMER_NAME_MISSING', path: 'Customer.title' },
    {
      over: {},
      order: { Complaints: [aComplaint({ primaryKey: '' })] },
      code: 'COMPLAINT_ID_MISSING',
      path: 'ServiceOrder.Complaints[0].primaryKey',
    },
    {
      over: {},
      order: { Complaints: [aJob({ primaryKey: null })] },
      code: 'CORRECTION_ID_MISSING',
      path: 'ServiceOrder.Complaints[0].Corrections[0].primaryKey',
    },
  ])('$code', ({ over, order, code, path }) => {
    expect(flatten(anInvoice(over, order)).warnings).toMatchObject([{ warning_no: 1, code, path }])
  })
})

describe('the customer', () => {
  test('each field of the service order falls back to that of the invoice', () => {
    const Customer = { customerId: 7, title: 'BILL TO', externalId: 'X7', mainPhone: '1', secondaryPhone: '' }
    const order = { Customer: { customerId: '8', title: 'OWNER', externalId: null, mainPhone: '' } }
    expect(flatten(anInvoice({ Customer, customerTitle: 'BILL TO LLC' }, order)).invoice).toMatchObject({
      customer_id: '8',
      customer: 'OWNER',
      customer_external_id: 'X7',
      customer_main_phone: '1',
      customer_secondary_phone: null,
      bill_to_customer: 'BILL TO LLC',
    })
  })
})

describe('the vehicle', () => {
  test.for([
    { vin: '3akbhkdv0kskc8657', stored: '3AKBHKDV0KSKC8657', valid: true },
    { vin: ' 3AKB HKDV0 KSKC8657 ', stored: '3AKBHKDV0KSKC8657', valid: true },
    { vin: '3AKBHKDV1KSKC8657', stored: '3AKBHKDV1KSKC8657', valid: false },
    { vin: '1M8GDM9AXKP042788', stored: '1M8GDM9AXKP042788', valid: true },
    { vin: '3AKBHKDV0KSKC865', stored: '3AKBHKDV0KSKC865', valid: false },
    { vin: 'IOQBHKDV0KSKC8657', stored: 'IOQBHKDV0KSKC8657', valid: false },
    { vin: 'unknown', stored: 'UNKNOWN', valid: false },
    { vin: '', stored: null, valid: null },
    { vin: null, stored: null, valid: null },
  ])('a VIN of "$vin" is stored as $stored, valid: $valid', ({ vin, stored, valid }) => {
    const { invoice } = flatten(anInvoice({}, { Unit: { customerUnitId: 77, vin } }))
    expect(invoice).toMatchObject({ unit_id: '77', unit_vin: stored, unit_vin_is_valid: valid })
  })
})

describe('the shop', () => {
  test.for([
    { title: 'Example Truck Repair', codes: [] },
    { title: ' EXAMPLE  truck repair', codes: [] },
    { title: 'Another Shop', codes: ['SHOP_TITLE_MISMATCH'] },
    { title: '', codes: [] },
  ])('"$title" against the configured name', ({ title, codes }) => {
    const result = flatten(anInvoice({ shopTitle: title }), { expectedShopTitle: 'Example Truck Repair' })
    expect(codesOf(result)).toEqual(codes)
  })
})
