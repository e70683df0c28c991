/** First and last millisecond that both engines can store: year 1 to year 9999. */
export const minTimeMs = -62_135_596_800_000;
export const maxTimeMs = 253_402_300_799_999;
