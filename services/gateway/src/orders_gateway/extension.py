"""permessage-deflate as this gateway agrees to it: see ``window``."""

from collections.abc import Sequence

from websockets.exceptions import NegotiationError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame
from websockets.typing import ExtensionParameter

_WINDOW_BITS = 15


class SharedDeflate(PerMessageDeflate):
    """Opens what the client compressed. What is sent to it alone goes plain.

    So the client's window holds the shared messages and nothing else, and no connection needs a
    compressor.
    """

    def encode(self, frame: Frame) -> Frame:
        """Leave a frame as it is."""
        return frame


class SharedDeflateFactory(ServerPerMessageDeflateFactory):
    """Agrees to offers under which messages can be compressed once for all."""

    def __init__(self) -> None:
        # What clients send is small and rare: no window is kept for it between messages.
        super().__init__(client_no_context_takeover=True)

    def process_request_params(
        self,
        params: Sequence[ExtensionParameter],
        accepted_extensions: Sequence[Extension],
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        """Return the answer to an offer; NegotiationError declines it."""
        answer, agreed = super().process_request_params(params, accepted_extensions)
        if agreed.local_no_context_takeover or agreed.local_max_window_bits < _WINDOW_BITS:
            raise NegotiationError("compressed for all or not at all")
        return answer, SharedDeflate(
            remote_no_context_takeover=True,
            local_no_context_takeover=True,
            remote_max_window_bits=agreed.remote_max_window_bits,
            local_max_window_bits=agreed.local_max_window_bits,
        )
