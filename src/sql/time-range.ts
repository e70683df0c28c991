/** First millisecond that both engines can store, in year 1. `maxTimeMs` is the last one, in year 9999. */
export const minTimeMs = -62_135_596_800_000;
export const maxTimeMs = 253_402_300_799_999;
