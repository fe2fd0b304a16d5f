import { describe, expect, it } from "vitest";
import { neighbour, revisionAt } from "@/panels/Scrubber";
import { clockTime, span } from "@/panels/timewords";
import type { TimelineData } from "@/protocol/rest";

const data: TimelineData = {
  since: 1000,
  until: 2000,
  width: 100,
  base: 7,
  head: 40,
  buckets: [
    [2, 12, 5],
    [3, 20, 8],
    [8, 40, 1],
  ],
  marks: [],
};

describe("the timeline", () => {
  it.each([
    [900, 7],
    [1199, 7],
    [1200, 12],
    [1350, 20],
    [1799, 20],
    [5000, 40],
  ])("at %d the cluster was at revision %d", (time, rev) => {
    expect(revisionAt(data, time)).toBe(rev);
  });

  it("shows the first that is known for what lies before all that is kept", () => {
    expect(revisionAt({ ...data, base: 0 }, 900)).toBe(12);
    expect(revisionAt({ ...data, base: 0, buckets: [] }, 900)).toBe(0);
  });

  it("goes from one change to the next and stops at the ends", () => {
    expect(neighbour(data, 1200, -1)).toBeNull();
    expect(neighbour(data, 1350, -1)).toBe(1200);
    expect(neighbour(data, 2000, -1)).toBe(1800);
    expect(neighbour(data, 1200, 1)).toBe(1300);
    expect(neighbour(data, 1350, 1)).toBe(1800);
    expect(neighbour(data, 1800, 1)).toBeNull();
  });

  it("has words for times", () => {
    expect(span(133e6)).toBe("02:13");
    expect(span(3849e6)).toBe("1:04:09");
    expect(span(-5)).toBe("00:00");
    expect(clockTime(1_767_225_605_000_000)).toBe("00:00:05");
  });
});
