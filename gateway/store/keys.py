"""The names of everything that is kept in Redis, and what may stay there for ever.

All keys of a citizen begin with her shard between braces (`{07}`), which Redis Cluster reads as
the hash tag: one citizen's keys and her shard's stream always share a slot, so one function can
touch all of them. No name holds a phone number or a provider's session id, only keyed hashes
(BLAKE2b under GATEWAY_NAME_KEY), and without that key a hash cannot be tried out against the
hundred million numbers there are.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from binascii import b2a_base64
from hashlib import blake2b

import msgspec

from gateway.errors import SettingsError

_SIZES = tuple(size.to_bytes(4, "big") for size in range(256))  # of parts that are hashed
_URL_SAFE = bytes.maketrans(b"+/", b"-_")

DIGEST = 16  # bytes of a keyed hash, also of `request` and of an effect's key

_MESSAGE_ID = re.compile(r"[a-z2-7]{26}")

LASTING: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"\{\d{2,}\}:effects"),
        "a shard's stream of effects: its entries are taken off when settled, or when they age",
    ),
    (
        re.compile(rb"\{\d{2,}\}:q:[a-z]+(:later)?"),
        "a queue: its entries are taken off when they are done",
    ),
    (
        re.compile(rb"\{\d{2,}\}:awaiting"),
        "messages without a receipt so far: the worker gives them up in time",
    ),
    (
        re.compile(rb"\{\d{2,}\}:o:[\w-]{22}"),
        "a stop word holds until she takes it back",
    ),
    (
        re.compile(rb"\{00\}:keys"),
        "the agencies' keys: each ends by its own date",
    ),
    (
        re.compile(rb"\{\d{2,}\}:cb:(open|waiting|taken|r:[a-z2-7]{26})"),
        "a call-back that was promised waits until it is done, and has a lifetime from then on",
    ),
    (
        re.compile(rb"\{\d{2,}\}:(cb:ended|fb)"),
        "lists of what has a lifetime of its own: the worker trims them",
    ),
    (
        re.compile(rb"\{00\}:staff"),
        "the accounts of staff: a supervisor disables them",
    ),
    (
        re.compile(rb"\{00\}:audit"),
        "what was done at the desk: old entries go as new ones come",
    ),
    (
        re.compile(rb"\{\d{2,}\}:name-key"),
        "the fingerprint of GATEWAY_NAME_KEY: it lasts as long as the installation",
    ),
)
"""Every key without a time to live, as a pattern of its whole name, and the reason."""


class Citizen(msgspec.Struct, frozen=True, gc=False):
    """Whose keys: the shard, and the keyed hash of the number (22 characters of base64url)."""

    shard: int
    digest: str


class Names:
    """Makes key names. `shards` is fixed when an installation starts, like the key itself."""

    __slots__ = ("_citizens", "_key", "_parts", "_tags", "shards")

    def __init__(self, name_key: bytes, shards: int = 16) -> None:
        if len(name_key) < 16:
            raise SettingsError("GATEWAY_NAME_KEY: needs at least 16 bytes, 32 are usual")
        if not 1 <= shards <= 1024:
            raise SettingsError(f"the number of shards is from 1 to 1024, not {shards}")
        self._key = blake2b(name_key, digest_size=32, person=b"gateway-names").digest()
        # A keyed hash that is begun once and copied costs half of one begun anew.
        self._parts = blake2b(key=self._key, digest_size=DIGEST, person=b"gateway-parts")
        self._citizens = blake2b(key=self._key, digest_size=DIGEST, person=b"gateway-citizen")
        self._tags = tuple(f"{{{shard:02}}}" for shard in range(shards))
        self.shards = shards

    def digest(self, *parts: bytes | str) -> bytes:
        """16 bytes of keyed hash over the parts, each with its length, so that no two lists of
        parts meet (`"ab", "c"` and `"a", "bc"`)."""
        pieces: list[bytes] = []
        for part in parts:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            size = len(data)
            pieces.append(_SIZES[size] if size < len(_SIZES) else size.to_bytes(4, "big"))
            pieces.append(data)
        hashed = self._parts.copy()
        hashed.update(b"".join(pieces))
        return hashed.digest()

    def citizen(self, phone: str) -> Citizen:
        """`phone` in canonical E.164, else one person would be two."""
        hashed = self._citizens.copy()
        hashed.update(phone.encode())
        digest = hashed.digest()
        return Citizen(self.shard(digest), text(digest))

    def shard(self, digest: bytes) -> int:
        return int.from_bytes(digest[:4], "big") % self.shards

    def fingerprint(self) -> str:
        """Tells this name key and number of shards from others, without telling the key."""
        digest = blake2b(key=self._key, digest_size=DIGEST, person=b"gateway-finger").hexdigest()
        return f"1:{self.shards}:{digest}"

    def conversation(self, citizen: Citizen) -> tuple[str, str, str]:
        """All that is kept of her: session, pins, language."""
        tag, digest = self._tags[citizen.shard], citizen.digest
        return f"{tag}:s:{digest}", f"{tag}:p:{digest}", f"{tag}:l:{digest}"

    def session(self, citizen: Citizen) -> str:
        return self.conversation(citizen)[0]

    def pins(self, citizen: Citizen) -> str:
        return self.conversation(citizen)[1]

    def language(self, citizen: Citizen) -> str:
        return self.conversation(citizen)[2]

    def effect(self, shard: int, key: bytes) -> str:
        """Exists while an effect of this key must not be done again."""
        return f"{self._tags[shard]}:e:{text(key)}"

    def tally(self, citizen: Citizen, window: str) -> str:
        """How many messages she sent within the window of that name."""
        return f"{self._tags[citizen.shard]}:n:{window}:{citizen.digest}"

    def stream(self, shard: int) -> str:
        return f"{self._tags[shard]}:effects"

    def tag(self, shard: int) -> str:
        """What all names of a shard begin with, as functions on the server put them together."""
        return f"{self._tags[shard]}:"

    def queue(self, shard: int, name: str) -> tuple[str, str]:
        """What is to be done now, and what later."""
        queue = f"{self._tags[shard]}:q:{name}"
        return queue, f"{queue}:later"

    # ---- messages --------------------------------------------------------------------

    def message_id(self, shard: int, *parts: bytes | str) -> str:
        """26 small letters and digits that tell the shard, and are the same for the same parts."""
        return b32encode(shard.to_bytes(2, "big") + self.digest(*parts)[:14]).decode()[:26].lower()

    def shard_of(self, message_id: str) -> int | None:
        """None for what is no message's id here."""
        if not _MESSAGE_ID.fullmatch(message_id):
            return None
        shard = int.from_bytes(b32decode(f"{message_id.upper()}======")[:2], "big")
        return shard if shard < self.shards else None

    def message(self, shard: int, message_id: str) -> tuple[str, str]:
        """Its record and its body."""
        tag = self._tags[shard]
        return f"{tag}:m:{message_id}", f"{tag}:mb:{message_id}"

    def awaiting(self, shard: int) -> str:
        return f"{self._tags[shard]}:awaiting"

    def stop_word(self, citizen: Citizen, sender: str) -> str:
        """Exists while she wants nothing from this sender."""
        return f"{self._tags[citizen.shard]}:o:{text(self.digest('stop', citizen.digest, sender))}"

    def brake(self, citizen: Citizen, alike: bytes) -> str:
        return f"{self._tags[citizen.shard]}:d:{text(alike)}"

    def provider_id(self, provider: str, provider_id: str) -> tuple[int, str, str]:
        """The shard, the key of the message that has it, and of receipts that came too early."""
        digest = self.digest("provider", provider, provider_id)
        shard = self.shard(digest)
        tag = self._tags[shard]
        return shard, f"{tag}:x:{text(digest)}", f"{tag}:xe:{text(digest)}"

    def gate(self, provider: str) -> tuple[int, str]:
        shard = self.shard(self.digest("gate", provider))
        return shard, f"{self._tags[shard]}:g:{provider}"

    def case(self, agency: str, reference: str) -> bytes:
        """A case of an agency, however somebody writes its reference."""
        return self.digest("case", agency, reference.strip().upper())

    def followers(self, shard: int, case: bytes) -> str:
        return f"{self._tags[shard]}:c:{text(case)}"

    def followed(self, citizen: Citizen) -> str:
        return f"{self._tags[citizen.shard]}:f:{citizen.digest}"

    def readings(self, citizen: Citizen, backend: str) -> str:
        """What a back end answered her lately."""
        return f"{self._tags[citizen.shard]}:a:{backend}:{citizen.digest}"

    def answer(self, citizen: Citizen, call: bytes) -> tuple[str, str]:
        """What a slow call of hers came to, and that it is under way."""
        key = f"{self._tags[citizen.shard]}:w:{citizen.digest}:{text(call)}"
        return key, f"{key}:l"

    def backend(self, name: str) -> tuple[int, str, str]:
        """The shard of what is known of a back end, its state, and its calls under way."""
        shard = self.shard(self.digest("backend", name))
        return shard, f"{self._tags[shard]}:bk:{name}", f"{self._tags[shard]}:bc:{name}"

    def inbox(self, citizen: Citizen) -> str:
        """What a simulated phone received."""
        return f"{self._tags[citizen.shard]}:i:{citizen.digest}"

    # ---- agencies --------------------------------------------------------------------

    def reference(self, agency: str, reference: str) -> tuple[int, str]:
        digest = self.digest("reference", agency, reference)
        shard = self.shard(digest)
        return shard, f"{self._tags[shard]}:r:{text(digest)}"

    def request(self, agency: str, key: str) -> tuple[int, str]:
        """An agency's Idempotency-Key."""
        digest = self.digest("request", agency, key)
        shard = self.shard(digest)
        return shard, f"{self._tags[shard]}:k:{text(digest)}"

    def job(self, job_id: str) -> tuple[int, str]:
        """A job's record; its pieces are named after it."""
        shard = self.shard_of(job_id) or 0
        return shard, f"{self._tags[shard]}:j:{job_id}"

    def agency_keys(self) -> str:
        return f"{self._tags[0]}:keys"

    def staff(self) -> str:
        return f"{self._tags[0]}:staff"

    def staff_session(self, digest: str) -> str:
        return f"{self._tags[0]}:sts:{digest}"

    def audit(self) -> str:
        return f"{self._tags[0]}:audit"

    def fence(self, shard: int) -> str:
        return f"{self._tags[shard]}:fence"

    def binding(self, session: bytes) -> str:
        """Whose provider session it is. The citizen is not yet known where it is asked for, so
        the session's own hash chooses the shard."""
        return f"{self._tags[self.shard(session)]}:b:{text(session)}"

    def name_key(self) -> str:
        return f"{self._tags[0]}:name-key"


def text(digest: bytes) -> str:
    """base64url without padding (RFC 4648 §5); the standard library's own takes twice as long."""
    written = b2a_base64(digest, newline=False).translate(_URL_SAFE)
    return written.rstrip(b"=").decode("ascii")
