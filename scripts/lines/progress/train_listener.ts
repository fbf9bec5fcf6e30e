/** Prints a training as it goes. */

import { systemClock } from "../../../src/base/clock.ts";
import type { CourseListener } from "../../../src/train/course/listener.ts";
import type { FitProgress } from "../../../src/train/fit/trainable.ts";
import { ProgressLine, searchText } from "../../../src/train/track/progress_line.ts";
import { describeBundle, describeFits, describeFold, describeRun, describeScores } from "../train.ts";
import { ProgressBar } from "./progress_bar.ts";
import { progressOn } from "./read_progress.ts";

export function printingListener(): CourseListener {
  const bar = new ProgressBar(systemClock, process.stderr);
  const line = new ProgressLine(process.stdout);
  let fitting = "";
  let is_walking = false;
  const print = (lines: readonly string[]): void => {
    line.end();
    for (const text of lines) console.log(text);
  };
  return {
    said: (about, sentence) => print([`${about.padEnd(7)} ${sentence}`]),
    read: (progress, symbol, set) => progressOn(bar, "read", symbol, set)(progress),
    readEnded: () => bar.clear(),
    epoch: (progress: FitProgress) => {
      const now = `${progress.kind} ${progress.member}`;
      if (now !== fitting) line.end();
      fitting = now;
      line.show(progress);
    },
    trial: (progress) => line.draw(searchText(progress)),
    folded: (result) => {
      is_walking = true;
      print(describeFold(result));
    },
    fitted: (dataset, run) => {
      if (is_walking) print([""]);
      print([...describeRun(dataset, run), ...describeFits(run), ...describeScores(dataset, run)]);
    },
    written: (dir, finished) => print(describeBundle(dir, finished)),
  };
}
