/** Codes of files. */
import { type ErrorEntry, entry, list } from './entry.ts';

export const FILE_ERRORS = {
  FILE_NOT_FOUND: entry({
    exit: 2,
    http: 404,
    when: 'A path given on the command line or in a file does not exist.',
    message: (p) => `${list(p.path)} does not exist`,
    fix: (p) => `check the path${p.expected ? `; expected ${list(p.expected)}` : ''}`,
  }),
  FILE_UNREADABLE: entry({
    exit: 2,
    http: 422,
    when: 'A file exists but cannot be read: permission, a folder in its place, a failing disk.',
    message: (p) => `${list(p.path)} cannot be read (${list(p.reason)})`,
    fix: (p) =>
      p.folder
        ? `a folder stands there: name ${p.expected ? `${list(p.expected)}, ` : ''}a file in it; look with: ls ${list(p.path)}`
        : `name a readable file; look with: ls -l ${list(p.path)}`,
  }),
  FILE_NOT_UTF8: entry({
    exit: 2,
    http: 422,
    when: 'A text file (rules, CSV) holds bytes that are not UTF-8.',
    message: (p) => `expected UTF-8 text, found byte ${list(p.byte)} at offset ${list(p.offset)}`,
    fix: (p) => `save the file as UTF-8, for example: iconv -f latin1 -t utf-8 ${list(p.path)} -o ${list(p.path)}.utf8`,
  }),
  NOT_A_FOLDER: entry({
    exit: 2,
    http: 422,
    when: 'A folder was expected and a file stands there, or a part of the path is a file.',
    message: (p) => `${list(p.path)} is not a folder`,
    fix: (p) =>
      p.parent
        ? `a file stands there: name the folder that holds it: ${list(p.parent)}`
        : 'name a folder, or remove the file that stands in its place',
  }),
  NO_WRITE_PERMISSION: entry({
    exit: 3,
    http: 500,
    when: 'The operating system refuses to write to a folder (permission, or a read-only file system).',
    message: (p) => `cannot write ${list(p.path)} (${list(p.reason)})`,
    fix: (p) => `choose another place, or allow writing with: chmod u+w ${list(p.folder)}`,
  }),
  DISK_FULL: entry({
    exit: 3,
    http: 507,
    when: 'The disk or the quota is used up; what was half written has been removed.',
    message: (p) => `no room left to write ${list(p.path)} (${list(p.bytes)} bytes)`,
    fix: (p) => `free some space (see: df -h ${list(p.folder)}) or write to another disk`,
  }),
  WRITE_FAILED: entry({
    exit: 3,
    http: 500,
    when: 'Writing failed for another reason that the operating system names.',
    message: (p) => `cannot write ${list(p.path)} (${list(p.reason)})`,
    fix: () => 'check the path and the disk, then run the command again',
  }),
} as const satisfies Record<string, ErrorEntry>;
