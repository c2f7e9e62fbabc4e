const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** "1.9 GB", in steps of 1000 as the registries of models count. */
export function bytes(count: number): string {
  let amount = Math.max(0, count);
  let unit = 0;
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 99.95 ? 0 : 1;
  return `${amount.toFixed(digits)} ${UNITS[unit]}`;
}

const grouped = new Intl.NumberFormat("en-GB");

export function count(number: number): string {
  return grouped.format(number);
}

export function counted(number: number, one: string, many: string): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** 0..1 as "82 %". */
export function percent(share: number): string {
  return `${Math.round(Math.min(1, Math.max(0, share)) * 100)} %`;
}
