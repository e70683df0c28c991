/** A signal that one part of a test gives and another one awaits. */
export interface Signal {
  readonly given: Promise<void>;
  readonly give: () => void;
}

export function createSignal(): Signal {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}
