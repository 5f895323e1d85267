"""Where a person opens an object with a browser: an address that grants nothing, so that anybody may be shown it.

AWS's console asks who is there, and shows the object to those who may read it. An S3 that is not AWS's own has no
console; there it is the object's own address, which opens where nobody asks. The price: whoever is shown the address
reads the bucket's name and the key in it, and the console's addresses are no part of an API that AWS promises to keep.
"""

from urllib.parse import quote, urlencode, urlsplit

# By partition. Console addresses of other partitions are not public, so there is no link in them.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_AWS = (".amazonaws.com", ".amazonaws.com.cn")  # what the names of its hosts in these end in


def of_object(bucket: str, key: str, *, endpoint_url: str, partition: str, region: str) -> str | None:
    """Return where a person opens an object of an S3; None if that is not known.

    ``endpoint_url`` is where programs call the S3; ``region`` is the bucket's, in AWS's ``partition``.
    """
    console = _CONSOLES.get(partition)
    if console is None:
        return None
    if not (urlsplit(endpoint_url).hostname or "").endswith(_AWS):
        return f"{endpoint_url.rstrip('/')}/{quote(bucket)}/{quote(key)}"
    query = urlencode({"region": region, "prefix": key}, quote_via=quote, safe="/")
    return f"https://{region}.{console}/s3/object/{quote(bucket)}?{query}"
