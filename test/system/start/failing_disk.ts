/** Preloaded into a service: from SIGUSR2 on, the disk takes nothing of its journal any more. */

import { realDisk } from "../../../src/record/write/disk.ts";
import { diskFull } from "../../record/write/faulty_disk.ts";

let failing = false;
process.on("SIGUSR2", () => {
  failing = true;
});

const disk = realDisk as { -readonly [Call in keyof typeof realDisk]: (typeof realDisk)[Call] };
const { create, writeNow } = realDisk;
const refuse = async (): Promise<never> => {
  throw diskFull();
};
disk.create = async (path) => {
  if (failing) return refuse();
  const file = await create(path);
  return {
    ...file,
    append: (bytes) => (failing ? refuse() : file.append(bytes)),
    sync: () => (failing ? refuse() : file.sync()),
  };
};
disk.writeNow = (path, content) => {
  if (failing) throw diskFull();
  writeNow(path, content);
};
