/** A suite over the page in Chromium; after every test the law that the page has said nothing on the console. */

import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { present, Visit } from "./visit.ts";

export function inBrowser(title: string, body: (visit: Visit) => void): void {
  describe.skipIf(!present)(title, () => {
    const visit = new Visit();
    beforeAll(() => visit.begin());
    afterAll(() => visit.end());
    afterEach(async () => {
      await visit.keep(title);
      expect(await visit.leave()).toEqual([]);
    });
    body(visit);
  });
}
