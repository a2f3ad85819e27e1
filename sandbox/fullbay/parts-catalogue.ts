/** A part on the shelf. */
export interface CatalogueEntry {
  number: string
  vendorNumber: string
  description: string
  category: string | null
  /** 1/10,000 dollar per unit. */
  cost: number
  price: number
  /** Largest usual quantity, 1/1,000; a fluid that is measured out has a broken one. */
  most: number
  measured: boolean
  /** Deposit for the old part, 1/10,000 dollar; 0 when none is asked. */
  core: number
  taxable: boolean
}

interface Extras {
  most?: number
  measured?: boolean
  core?: number
  category?: string | null
  taxable?: boolean
  vendor?: string
}

function entry(number: string, description: string, cost: number, markup: number, extras: Extras = {}): CatalogueEntry {
  return {
    number,
    vendorNumber: extras.vendor ?? number,
    description,
    category: extras.category ?? null,
    cost: Math.round(cost * 10_000),
    // Retail prices have whole cents, save for small hardware that costs less than a dime.
    price: cost < 0.1 ? Math.round(cost * markup * 10_000) : Math.round(cost * markup * 100) * 100,
    most: (extras.most ?? 1) * 1000,
    measured: extras.measured ?? false,
    core: (extras.core ?? 0) * 10_000,
    taxable: extras.taxable ?? true,
  }
}

const FILTERS = { category: 'FILTERS' }
const FLUIDS = { category: 'FLUIDS' }
const BRAKES = { category: 'BRAKES' }
const ELECTRICAL = { category: 'ELECTRICAL' }
const ENGINE = { category: 'ENGINE COMPONENTS' }
const CHASSIS = { category: 'SUSPENSION' }

const ENTRIES = [
  entry('P7505', 'FILTER, OIL', 28.89, 2, FILTERS),
  entry('FF63054', 'FILTER, FUEL', 31.4, 1.85, FILTERS),
  entry('FS20165', 'FUEL/WATER SEPARATOR', 44.12, 1.8, FILTERS),
  entry('AF27879', 'FILTER, AIR PRIMARY', 61.75, 1.75, FILTERS),
  entry('CAF1890', 'FILTER, CABIN AIR', 19.6, 1.9, FILTERS),
  entry('A0001421', 'DPF FILTER, REMANUFACTURED', 1180, 1.45, { ...FILTERS, core: 850 }),
  entry('1540', 'OIL - 1540', 3.06, 2.1176, { ...FLUIDS, most: 44 }),
  entry('8090G', 'GEAR OIL 80W90', 5.9, 1.9, { ...FLUIDS, most: 12, measured: true }),
  entry('ATF668', 'TRANSMISSION FLUID', 8.75, 1.8, { ...FLUIDS, most: 16, measured: true }),
  entry('ELC5050', 'ANTI-FREEZE 50/50 EXTENDED LIFE', 9.8, 1.85, { ...FLUIDS, most: 10, measured: true }),
  entry('DEF25', 'DEF FLUID', 3.1, 1.7, { ...FLUIDS, most: 18, measured: true }),
  entry('R134A', 'FREON R134A', 11.2, 2.4, { ...FLUIDS, most: 4, measured: true }),
  entry('EP2', 'GREASE EP2 CARTRIDGE', 4.15, 2.2, { category: 'GREASE', most: 3 }),
  entry('BC20', 'BRAKE CLEANER', 3.35, 2.1, { category: 'CHEMICALS', most: 4 }),
  entry('WW1', 'WASHER FLUID', 2.1, 2.3, { most: 2 }),
  entry('SHOPSUP', 'SHOP SUPPLIES, MISC HARDWARE', 4, 2, { category: 'SHOP SUPPLIES', most: 3 }),
  entry('4707Q', 'BRAKE SHOE KIT 4707Q', 48.3, 1.7, { ...BRAKES, most: 4, core: 24 }),
  entry('66864B', 'BRAKE DRUM 16.5 X 7', 104.5, 1.6, { ...BRAKES, most: 4 }),
  entry('SL1105', 'AUTOMATIC SLACK ADJUSTER', 61.2, 1.85, { ...BRAKES, most: 4 }),
  entry('SC3030L', 'BRAKE CHAMBER 30/30 LONG STROKE', 58.4, 1.9, { ...BRAKES, most: 4 }),
  entry('ABS4410', 'ABS WHEEL SPEED SENSOR', 36.9, 2, { ...BRAKES, most: 2 }),
  entry('AD9-65', 'AIR DRYER CARTRIDGE', 52.6, 1.9, { ...BRAKES, core: 15 }),
  entry('QR1', 'QUICK RELEASE VALVE', 27.3, 2.1, BRAKES),
  entry('NYL38', 'AIR LINE, NYLON 3/8', 0.72, 2.6, { ...BRAKES, most: 20, measured: true }),
  entry('PTC38', 'AIR FITTING, PUSH TO CONNECT 3/8', 4.85, 2.4, { ...BRAKES, most: 6 }),
  entry('GLD2', 'GLADHAND SEAL', 0.64, 3.5, { ...BRAKES, most: 4 }),
  entry('GRP31', 'BATTERY GROUP 31 950CCA', 118, 1.55, { ...ELECTRICAL, most: 4, core: 27 }),
  entry('ALT40SI', 'ALTERNATOR 40SI 275A', 412, 1.5, { ...ELECTRICAL, core: 95 }),
  entry('STR39MT', 'STARTER 39MT', 365.5, 1.55, { ...ELECTRICAL, core: 110 }),
  entry('LED-M2R', 'LED MARKER LIGHT RED', 6.25, 2.6, { ...ELECTRICAL, most: 6 }),
  entry('LED-M2A', 'LED MARKER LIGHT AMBER', 6.25, 2.6, { ...ELECTRICAL, most: 6 }),
  entry('STT4', 'STOP/TURN/TAIL LAMP 4 IN', 14.8, 2.3, { ...ELECTRICAL, most: 4 }),
  entry('H11LL', 'HEADLAMP BULB H11', 13.4, 2.2, { ...ELECTRICAL, most: 2 }),
  entry('7WAY15', 'TRAILER CORD 7-WAY 15 FT', 46.2, 1.9, ELECTRICAL),
  entry('FUSE20', 'FUSE, BLADE 20A', 0.31, 4, { ...ELECTRICAL, most: 4 }),
  entry('ZT8', 'ZIP TIE 8 IN', 0.0125, 3, { category: 'CONSUMABLES', most: 24 }),
  entry('FW38', 'WASHER, FLAT 3/8', 0.0315, 2.5, { category: 'HARDWARE', most: 16 }),
  entry('NUT12', 'FLANGE NUT M12', 0.0875, 4.5, { category: 'HARDWARE', most: 12 }),
  entry('4921911', 'DEF AWNING KIT', 206.4, 2, ENGINE),
  entry('TCX/AMS013', 'GASKET, EXHAUST', 11.79, 2.75, { category: 'GASKETS', most: 2, vendor: 'GASK-EXH-013' }),
  entry('NOX-IN-24', 'NOX SENSOR, INLET', 388, 1.5, { ...ENGINE, core: 75 }),
  entry('NOX-OUT-24', 'NOX SENSOR, OUTLET', 402.6, 1.5, { ...ENGINE, core: 75 }),
  entry('EGRC-15', 'EGR COOLER', 1034.7, 1.4, { ...ENGINE, core: 300 }),
  entry('EGRV-15', 'EGR VALVE', 512.3, 1.5, { ...ENGINE, core: 120 }),
  entry('VB5', 'V-BAND CLAMP 5 IN', 21.35, 2.2, { ...ENGINE, most: 2 }),
  entry('INJ-ISX', 'FUEL INJECTOR, REMANUFACTURED', 471, 1.4, { ...ENGINE, most: 6, core: 150 }),
  entry('TRB-HE4', 'TURBOCHARGER, REMANUFACTURED', 2380, 1.35, { ...ENGINE, core: 900 }),
  entry('SB-100', 'SERPENTINE BELT', 42.8, 1.9, ENGINE),
  entry('TNS-22', 'BELT TENSIONER', 88.6, 1.7, ENGINE),
  entry('WP-ISX', 'WATER PUMP', 243, 1.55, { ...ENGINE, core: 60 }),
  entry('TST-180', 'THERMOSTAT 180F', 47.9, 1.9, { ...ENGINE, most: 2 }),
  entry('RH-214', 'RADIATOR HOSE, UPPER', 58.25, 1.85, { category: 'COOLING' }),
  entry('CL-9', 'CLAMP, CONSTANT TORQUE', 3.9, 2.6, { category: 'COOLING', most: 4 }),
  entry('SURGE-7', 'SURGE TANK CAP', 12.15, 2.2, { category: 'COOLING' }),
  entry('OS-4775', 'OIL SEAL, WHEEL HUB', 26.4, 2.1, { category: 'WHEEL END', most: 2 }),
  entry('HUB-CAP6', 'HUB CAP, OIL FILLED', 14.7, 2.2, { category: 'WHEEL END', most: 2 }),
  entry('BRG-212049', 'WHEEL BEARING SET', 49.85, 1.9, { category: 'WHEEL END', most: 2 }),
  entry('W01-358', 'AIR SPRING, ROLLING LOBE', 112.4, 1.65, { ...CHASSIS, most: 2 }),
  entry('SHK-83', 'SHOCK ABSORBER', 46.1, 1.9, { ...CHASSIS, most: 4 }),
  entry('CS-6612', 'COIL SPRING, CAB', 38.25, 1.9, { ...CHASSIS, most: 2 }),
  entry('UB-34', 'U-BOLT KIT', 33.75, 1.95, { ...CHASSIS, most: 2 }),
  entry('TRE-20', 'TIE ROD END', 54.9, 1.9, { category: 'STEERING', most: 2 }),
  entry('KP-2200', 'KING PIN KIT', 139.5, 1.7, { category: 'STEERING' }),
  entry('UJ-1810', 'U-JOINT 1810', 62.2, 1.9, { category: 'DRIVELINE', most: 2 }),
  entry('CLU-155', 'CLUTCH 15.5 IN', 684, 1.45, { category: 'DRIVELINE', core: 200 }),
  entry('ACC-10S', 'A/C COMPRESSOR', 268, 1.6, { category: 'HVAC', core: 40 }),
  entry('RD-33', 'RECEIVER DRIER', 36.2, 2, { category: 'HVAC' }),
  entry('BLW-12', 'BLOWER MOTOR', 92.4, 1.75, { category: 'HVAC' }),
  entry('295-75R22.5', 'TIRE 295/75R22.5 DRIVE', 342, 1.3, { category: 'TIRES', most: 4 }),
  entry('11R22.5T', 'TIRE 11R22.5 TRAILER', 268.5, 1.3, { category: 'TIRES', most: 4 }),
  entry('VST-545', 'VALVE STEM', 2.85, 2.8, { category: 'TIRES', most: 4 }),
  entry('MF2430', 'MUD FLAP 24 X 30', 11.6, 2.2, { category: 'BODY', most: 2 }),
  entry('MIR-W14', 'MIRROR, HEATED', 74.25, 1.75, { category: 'BODY' }),
  entry('DHNG-6', 'REAR DOOR HINGE', 21.9, 2.1, { category: 'BODY', most: 4 }),
  entry('FOIL2', 'FOIL TAPE 2 IN', 7.4, 2.2, { category: 'BODY' }),
  entry('WB22', 'WIPER BLADE 22 IN', 8.35, 2.3, { category: 'BODY', most: 2 }),
  entry('ICC-10', 'CONSPICUITY TAPE KIT', 18.2, 2.1, { category: 'BODY' }),
  entry('', 'INBOUND FREIGHT', 31.8, 1.25, { taxable: false }),
  entry('', 'SHIPPING, NEXT DAY', 58, 1.2, { taxable: false }),
  entry('', 'FABRICATED BRACKET', 12.5, 2.4, {}),
]

const BY_NUMBER = new Map(ENTRIES.map((item) => [item.number || item.description, item]))

/** Everything that the shops sell. */
export const PARTS: readonly CatalogueEntry[] = ENTRIES

/** The part of a number; parts without one go by their description. */
export function partNamed(name: string): CatalogueEntry {
  const found = BY_NUMBER.get(name)
  if (found === undefined) throw new RangeError(`The parts catalogue has no ${name}.`)
  return found
}
