//! Modules that Python itself brings.

/// Their names, of Python 2 too.
const STANDARD: &str = " __future__ __main__ _thread abc aifc argparse array ast asynchat asyncio asyncore atexit audioop \
base64 bdb binascii binhex bisect builtins bz2 cPickle cProfile cStringIO calendar cgi cgitb chunk cmath cmd code codecs codeop \
collections colorsys commands compileall concurrent configparser ConfigParser contextlib contextvars copy copyreg copy_reg \
crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum errno \
exceptions faulthandler fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc getopt getpass gettext \
glob graphlib grp gzip hashlib heapq hmac html http httplib idlelib imaplib imghdr imp importlib inspect io ipaddress \
itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math md5 mimetypes mmap modulefinder \
msilib msvcrt multiprocessing netrc nis nntplib ntpath numbers opcode operator optparse os ossaudiodev parser pathlib pdb \
pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr \
pydoc Queue queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors sets shelve \
shlex shutil signal site smtpd smtplib sndhdr socket socketserver SocketServer spwd sqlite3 sre_constants sre_parse ssl \
stat statistics string StringIO stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile \
telnetlib tempfile termios test textwrap this thread threading time timeit Tkinter tkinter token tokenize tomllib trace \
traceback tracemalloc tty turtle types typing unicodedata unittest urllib urllib2 urlparse uu uuid venv warnings wave \
weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo ";

/// The names of the modules at the top level, of Python 2 too.
pub(crate) fn modules() -> impl Iterator<Item = &'static str> {
    STANDARD.split_whitespace()
}
