import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateMeter } from '../src/index.ts';

describe('RateMeter', () => {
  it('measures a steady rate', () => {
    const meter = new RateMeter();
    for (let now = 500_000; now < 560_000; now += 100) meter.add(1_000, now);
    expect(meter.rate(560_000)).toBeCloseTo(10_000, -2);
    expect(meter.total).toBe(600_000);
  });

  it('knows the rate of a young transfer, without a spike for its first block', () => {
    const meter = new RateMeter();
    expect(meter.rate(0)).toBe(0);
    meter.add(16_384, 1_000_000);
    expect(meter.rate(1_000_000)).toBe(16_384);
    meter.add(16_384, 1_004_000);
    expect(meter.rate(1_004_000)).toBe(8_192);
  });

  it('forgets what is older than its window', () => {
    const meter = new RateMeter(20_000);
    meter.add(1_000_000, 0);
    expect(meter.rate(10_000)).toBeGreaterThan(0);
    expect(meter.rate(20_000)).toBe(0);
    meter.add(500, 1e9);
    expect(meter.rate(1e9)).toBeCloseTo(500 / 19);
    expect(meter.total).toBe(1_000_500);
  });

  it('does not mind a clock that goes back', () => {
    const meter = new RateMeter();
    meter.add(100, 50_000);
    meter.add(100, 40_000);
    expect(meter.rate(30_000)).toBe(200);
  });

  it('refuses a window that is none', () => {
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => new RateMeter(wrong)).toThrow(RangeError);
  });

  it('agrees with a sum over all that was added in the window', () => {
    const steps = fc.array(fc.record({ bytes: fc.nat(100_000), wait: fc.nat(8_000) }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: -1e6, max: 1e12 }), (adds, epoch) => {
        const meter = new RateMeter(20_000);
        const seen: { bytes: number; at: number }[] = [];
        let now = epoch;
        for (const { bytes, wait } of adds) {
          now += wait;
          meter.add(bytes, now);
          seen.push({ bytes, at: now });
          const oldest = (Math.floor(now / 1_000) - 19) * 1_000;
          const sum = seen.reduce((bytesSoFar, add) => bytesSoFar + (add.at >= oldest ? add.bytes : 0), 0);
          const elapsed = Math.max(1_000, now - Math.max(oldest, seen[0]?.at ?? now));
          expect(meter.rate(now)).toBeCloseTo((sum / elapsed) * 1_000, 6);
        }
        expect(meter.total).toBe(seen.reduce((sum, add) => sum + add.bytes, 0));
      }),
    );
  });
});
