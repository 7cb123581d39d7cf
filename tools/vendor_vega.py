"""Rebuild the charting code that reports carry, from the installed vl-convert.

Run `python tools/vendor_vega.py` after changing the version of vl-convert: the code in the
browser and the code that exports pictures are then the same release of Vega. It writes
`vega.js` and `VENDORED.toml` beside it; `--check` writes nothing and fails if they differ.
"""

import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "src" / "asylumatlas" / "static"

MANIFEST = """\
# Code of others that ships inside this package. Written by tools/vendor_vega.py; do not edit.

[vega]
file = "vega.js"
sha256 = "{sha256}"
bytes = {size}
made_with = "vl-convert-python {vl_convert}"
contains = "Vega {vega}, Vega-Lite {vega_lite}, Vega-Embed {vega_embed} and what they need"
homepage = "https://vega.github.io/"
licence = "BSD-3-Clause AND ISC AND MIT"
notice = \"\"\"
Vega, Vega-Lite, Vega-Embed, Vega-Tooltip: BSD-3-Clause,
Copyright (c) University of Washington Interactive Data Lab and contributors.
d3: ISC, Copyright (c) Mike Bostock. topojson-client: ISC, Copyright (c) Michael Bostock.
lodash.debounce: MIT, Copyright (c) OpenJS Foundation and other contributors.
fast-json-patch: MIT, Copyright (c) Joachim Wester. semver: ISC, Copyright (c) Isaac Z. Schlueter.
\"\"\"
terms = \"\"\"
BSD-3-Clause: Redistribution and use in source and binary forms, with or without modification,
are permitted provided that the following conditions are met: 1. Redistributions of source code
must retain the above copyright notice, this list of conditions and the following disclaimer. 2.
Redistributions in binary form must reproduce the above copyright notice, this list of
conditions and the following disclaimer in the documentation and/or other materials provided
with the distribution. 3. Neither the name of the copyright holder nor the names of its
contributors may be used to endorse or promote products derived from this software without
specific prior written permission. THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND
CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO
EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING
NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF
THE POSSIBILITY OF SUCH DAMAGE.
ISC: Permission to use, copy, modify, and/or distribute this software for any purpose with or
without fee is hereby granted, provided that the above copyright notice and this permission
notice appear in all copies. THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL
WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS,
WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN
CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
MIT: Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software without
restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions: The above copyright notice
and this permission notice shall be included in all copies or substantial portions of the
Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE
AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
\"\"\"
"""


def bundle() -> tuple[bytes, str]:
    """Return the bundle and its manifest."""
    import vl_convert

    code = vl_convert.javascript_bundle().encode("utf-8")  # type: ignore[call-arg]
    if b"</script" in code.lower() or b"<!--" in code:
        raise ValueError("vega.js: holds text that would end an inline script")
    manifest = MANIFEST.format(
        sha256=hashlib.sha256(code).hexdigest(),
        size=len(code),
        vl_convert=version("vl-convert-python"),
        vega=vl_convert.get_vega_version(),
        vega_lite=vl_convert.get_vegalite_versions()[-1],
        vega_embed=vl_convert.get_vega_embed_version(),
    )
    return code, manifest


def main() -> int:
    code, manifest = bundle()
    if "--check" in sys.argv[1:]:
        same = (STATIC / "vega.js").read_bytes() == code
        same = same and (STATIC / "VENDORED.toml").read_text("utf-8") == manifest
        print("vega.js: as made by the installed vl-convert" if same else "vega.js: differs")
        return 0 if same else 1
    STATIC.mkdir(exist_ok=True)
    (STATIC / "vega.js").write_bytes(code)
    (STATIC / "VENDORED.toml").write_text(manifest, "utf-8")
    print(f"vega.js: {len(code):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
