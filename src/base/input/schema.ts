/**
 * What a schema says of a value from outside. zod looks at the length of whatever has one, also where it has already
 * said that this is no list, and throws a TypeError where that length is no number: such a value fits no schema either.
 */

import { z } from "zod";

/** As `safeParse`, which it is to be used in place of wherever a value was not written by this version itself. */
export function parsedBy<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = "expected a value that has this form at all";
    return {
      success: false,
      error: new z.ZodError([{ code: "custom", path: [], message, input: value }]) as z.ZodError<T>,
    };
  }
}
