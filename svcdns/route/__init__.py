"""One query on its way: which server block takes it, which steps it meets, what goes back.

Pure: no sockets, no clock; time and logging come in as arguments.

- `directive`, `stages` what a plugin is and what its steps may do · `patterns` the door to RE2
- `compile` Corefile -> plans -> routes · `route`, `router` one block; the one that takes a name
- `fastlane` plain queries from the table · `exchange` all others · `render` answers -> octets
- `errand`, `errands` plain questions that are passed on, and their replies, as they came
- `responder` what a transport needs; `stream_responder` brings both together for streams
- `refusals` what is said to queries that no step sees · `inner` questions inside questions
- `traffic` what was asked and answered, in numbers
"""
