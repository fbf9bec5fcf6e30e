/** What a person is told of an error, or of a part of /health that is not well. */

export interface Advice {
  /** What has happened. */
  readonly means: string;
  /** What to do about it. */
  readonly to_do: string;
}
