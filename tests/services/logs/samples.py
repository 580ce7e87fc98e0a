"""Lines that hold a secret, for the rules in Python and for the shipper of a live stack. `PLANTED` is the secret."""

PLANTED = "Pl4nted-x9Q7_zz8"

#: By what it is; all around the secret has to stay.
LINES = {
    "bearer token": f"GET /orders Authorization: Bearer {PLANTED} -> 200",
    "bearer token in JSON": f'{{"message": "call", "header": "Bearer {PLANTED}"}}',
    "basic": f"authorization=Basic {PLANTED} refused",
    "header in JSON": f'{{"message": "call", "headers": {{"Authorization": "{PLANTED}"}}, "end": 1}}',
    "header in Go": f"map[Accept:[*/*] Authorization:[{PLANTED}]] end",
    "cookie": f"Cookie: theme=dark; session={PLANTED}",
    "URI": f"cannot reach postgresql://shop:{PLANTED}@db:5432/shop: refused",
    "URI without a user": f"redis://:{PLANTED}@redis-1:6379/0 is away",
    "password=": f"connect host=db password={PLANTED} dbname=shop",
    "PGPASSWORD": f"env PGPASSWORD={PLANTED} psql",
    "quoted": f'level=info password="two words {PLANTED}" msg=done',
    "JSON": f'{{"message": "login", "password": "{PLANTED}", "user": "ada"}}',
    "JSON with an escaped quote": f'{{"message": "login", "password": "a\\"b {PLANTED}", "user": "ada"}}',
    "JSON inside JSON": f'{{"message": "sent {{\\"api_key\\": \\"{PLANTED}\\", \\"n\\": 1}}", "level": "info"}}',
    "repr": f"{{'client_secret': '{PLANTED}', 'n': 1}}",
    "token": f"refresh_token: {PLANTED}, expires 60",
    "query string": f"GET /hook?access_token={PLANTED}&n=1",
    "aws": f"AWS_SECRET_ACCESS_KEY={PLANTED}",
    "SQL": f"STATEMENT:  ALTER ROLE shop WITH LOGIN PASSWORD '{PLANTED}' VALID UNTIL 'infinity'",
    "private key": f'{{"message": "-----BEGIN EC PRIVATE KEY-----\\n{PLANTED}\\n-----END EC PRIVATE KEY-----"}}',
    "webhook": f"POST https://hooks.slack.com/services/T000/B000/{PLANTED} timed out",
}
