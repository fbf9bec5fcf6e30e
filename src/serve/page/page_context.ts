/** What a page is given, and what it is. */

export interface PageContext {
  readonly symbol: string;
  readonly place: HTMLElement;
  /** Shows it anew, after a change or once a key is there. */
  again(): void;
}

export interface PageModule {
  /** Fills the place with what is so now. Called again every `again_ms` while it is seen. */
  show(context: PageContext): Promise<void>;
}
