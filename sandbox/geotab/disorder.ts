/**
 * What goes wrong in a fleet's life: the probability per vehicle and day of the first group, per trip of the second, per
 * exception of the third, per record of the fourth.
 */
export interface Disorder {
  /** The device is out of reach for hours and sends its records afterwards. */
  offline: number
  /** Somebody corrects the odometer. */
  odometerCorrection: number
  /** A trip that never was appears while the vehicle stands, and is withdrawn. */
  phantomTrip: number
  /** A record is dated more than a day ahead. */
  futureRecord: number

  /** A long trip is shown before it has ended. */
  tripInProgress: number
  /** A trip first ends too early and comes again, with another id and the same start. */
  tripRecalculated: number
  /** A trip first starts too late, is withdrawn and comes again with another id. */
  tripStartShift: number
  /** A trip gets another id when its stop is over. */
  tripNewIdAtEnd: number

  exceptionInvalidated: number
  exceptionDismissed: number
  /** An exception is withdrawn and comes again under another id. */
  exceptionReprocessed: number

  /** A record is on the feed twice. */
  duplicate: number
  /** A record says latitude 0 and longitude 0. */
  nullIsland: number
  /** A record's speed is -1, null or the text NaN. */
  invalidSpeed: number
  /** A record's speed is a bare NaN, which is not JSON. */
  bareNaN: number

  /** Whether a device and a diagnostic are referred to before they are on their own feeds. */
  lateReferences: boolean
}

export const ORDERLY: Disorder = {
  offline: 0,
  odometerCorrection: 0,
  phantomTrip: 0,
  futureRecord: 0,
  tripInProgress: 0,
  tripRecalculated: 0,
  tripStartShift: 0,
  tripNewIdAtEnd: 0,
  exceptionInvalidated: 0,
  exceptionDismissed: 0,
  exceptionReprocessed: 0,
  duplicate: 0,
  nullIsland: 0,
  invalidSpeed: 0,
  bareNaN: 0,
  lateReferences: false,
}

export const USUAL: Disorder = {
  offline: 0.06,
  odometerCorrection: 0.008,
  phantomTrip: 0.03,
  futureRecord: 0.002,
  tripInProgress: 0.3,
  tripRecalculated: 0.04,
  tripStartShift: 0.015,
  tripNewIdAtEnd: 0.05,
  exceptionInvalidated: 0.05,
  exceptionDismissed: 0.05,
  exceptionReprocessed: 0.04,
  duplicate: 0.001,
  nullIsland: 0.0008,
  invalidSpeed: 0.004,
  bareNaN: 0,
  lateReferences: true,
}

/** Plenty of everything but bare NaN, for tests. */
export const WILD: Disorder = {
  offline: 0.25,
  odometerCorrection: 0.05,
  phantomTrip: 0.3,
  futureRecord: 0.05,
  tripInProgress: 0.7,
  tripRecalculated: 0.25,
  tripStartShift: 0.12,
  tripNewIdAtEnd: 0.25,
  exceptionInvalidated: 0.15,
  exceptionDismissed: 0.15,
  exceptionReprocessed: 0.15,
  duplicate: 0.02,
  nullIsland: 0.01,
  invalidSpeed: 0.03,
  bareNaN: 0,
  lateReferences: true,
}
