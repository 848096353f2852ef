//! From one declaration come a step's type, its form on the wire and its number.

/// Declares the steps of a room: `steps! { ROOM<'a>; Name<'a> = NUMBER { field: type, ... } ... }`. The lifetimes
/// stand where there is a field that borrows.
macro_rules! steps {
    (
        $room:literal $(<$room_life:lifetime>)?;
        $(
            $(#[$doc:meta])*
            $name:ident $(<$life:lifetime>)? = $number:literal { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }
        )*
    ) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name $(<$life>)? {
                $($(#[$field_doc])* pub $field: $kind,)*
            }

            impl $(<$life>)? $crate::step::Numbered for $name $(<$life>)? {
                const NUMBER: (u8, u8) = ($room, $number);
            }

            impl<'w, $($life)?> $crate::wire::Wire<'w> for $name $(<$life>)?
            where
                $('w: $life)?
            {
                fn put(&self, _sink: &mut impl $crate::wire::Sink) {
                    $(self.$field.put(_sink);)*
                }
                fn take(_reader: &mut $crate::wire::Reader<'w>) -> core::result::Result<Self, $crate::wire::Malformed> {
                    Ok(Self { $($field: $crate::wire::Wire::take(_reader)?,)* })
                }
            }
        )*

        /// A step of this room.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Steps $(<$room_life>)? {
            $($(#[$doc])* $name($name $(<$life>)?),)*
        }

        impl $(<$room_life>)? Steps $(<$room_life>)? {
            pub(super) fn take<'w>(
                number: u8,
                reader: &mut $crate::wire::Reader<'w>,
            ) -> core::result::Result<Self, $crate::wire::Malformed>
            where
                $('w: $room_life)?
            {
                match number {
                    $($number => $crate::wire::Wire::take(reader).map(Self::$name),)*
                    _ => Err($crate::wire::Malformed),
                }
            }

            pub(super) fn put(&self, sink: &mut impl $crate::wire::Sink) {
                match self {
                    $(Self::$name(step) => {
                        $crate::wire::Wire::put(&($number as u8), sink);
                        $crate::wire::Wire::put(step, sink);
                    })*
                }
            }

            pub(super) fn reads(&self) -> &dyn $crate::step::Reads {
                match self {
                    $(Self::$name(step) => step,)*
                }
            }

            /// Reads a step and has it carried out: for each step of the room there has to be a way in which this hand
            /// does it.
            ///
            /// # Errors
            /// It cannot be read.
            pub fn perform<'w, H: $crate::step::Hand>(
                number: u8,
                reader: &mut $crate::wire::Reader<'w>,
                hand: &mut H,
            ) -> core::result::Result<H::Outcome, $crate::wire::Malformed>
            where
                $('w: $room_life,)?
                $($name $(<$life>)?: $crate::step::Act<H>,)*
            {
                match number {
                    $($number => {
                        let step: $name $(<$life>)? = $crate::wire::Wire::take(reader)?;
                        Ok($crate::step::Act::act(&step, hand))
                    })*
                    _ => Err($crate::wire::Malformed),
                }
            }
        }
    };
}

/// Declares the rooms.
macro_rules! rooms {
    ($life:lifetime; $($room:ident $module:ident ($($of:lifetime)?) = $number:literal,)*) => {
        /// One thing that init does. The order of a plan's steps is the order in which they are carried out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "a room's module says what its steps are about")]
        pub enum Step<$life> {
            $($room($module::Steps $(<$of>)?),)*
        }

        impl<'w: $life, $life> Wire<'w> for Step<$life> {
            fn put(&self, sink: &mut impl crate::wire::Sink) {
                match self {
                    $(Self::$room(step) => {
                        ($number as u8).put(sink);
                        step.put(sink);
                    })*
                }
            }
            fn take(reader: &mut Reader<'w>) -> Result<Self, Malformed> {
                let (room, number) = (u8::take(reader)?, u8::take(reader)?);
                match room {
                    $($number => $module::Steps::take(number, reader).map(Self::$room),)*
                    _ => Err(Malformed),
                }
            }
        }

        impl<$life> Step<$life> {
            /// How it reads to a person.
            pub fn reads(&self) -> &dyn Reads {
                match self {
                    $(Self::$room(step) => step.reads(),)*
                }
            }
        }
    };
}
